import { parseArgs } from 'node:util';
import { readSettings, SettingsError } from '../settings/setting.js';
import { describe, type Finding, type Repair } from './finding.js';
import { type DatabaseUrls, fsck } from './fsck.js';
import { FsckError } from './fsck-error.js';
import { fsckLimits } from './fsck-settings.js';

const USAGE = 'usage: fsck [--repair] [--authors-url URL --books-url URL]';

/**
 * The command: a line for each finding, and one with their number. It sets the status that the process ends with: 0 when
 * nothing is left to find, 1 when something is, 2 when the databases could not be compared. How long it waits, the
 * environment says.
 *
 * @param defaultUrls where the databases are when the arguments do not say it
 */
export async function fsckCommand(args: string[], defaultUrls: () => DatabaseUrls): Promise<void> {
  try {
    const { repair, ...given } = parse(args);
    const urls = given.urls ?? defaultUrls();
    const limits = readSettings(fsckLimits);
    const { findings, left, looked } = await fsck(urls, { limits, repair, onFinding: show });
    const repaired = repair && findings > 0 ? `, ${findings - left} repaired` : '';
    const among = `${looked.authorsWithBooks} authors with books, ${looked.references} references, ${looked.deletions} deletions under way`;
    console.log(`${findings} findings${repaired}; looked at ${among}`);
    process.exitCode = left > 0 ? 1 : 0;
  } catch (error) {
    const { message, stack } = error as Error;
    const expected = error instanceof FsckError || error instanceof SettingsError;
    console.error(`fsck: ${expected ? message : (stack ?? message)}`);
    process.exitCode = 2;
  }
}

function show(finding: Finding, repair: Repair | undefined): void {
  console.log(describe(finding) + (repair ? `; ${repair.done ? 'repaired' : 'not repaired'}: ${repair.story}` : ''));
}

function parse(args: string[]): { repair: boolean; urls: DatabaseUrls | undefined } {
  const options = {
    repair: { type: 'boolean', default: false },
    'authors-url': { type: 'string' },
    'books-url': { type: 'string' },
  } as const;
  const { values } = orUsage(() => parseArgs({ args, options }));
  const { 'authors-url': authors, 'books-url': books } = values;
  if ((authors === undefined) !== (books === undefined)) throw new FsckError(USAGE);
  for (const url of [authors, books]) {
    if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) throw new FsckError('a URL must be postgresql://…');
  }
  return { repair: values.repair, urls: authors && books ? { authors, books } : undefined };
}

function orUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FsckError(USAGE, { cause: error });
  }
}
