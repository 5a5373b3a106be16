import '../postgres/ignore-pg-variables.js';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { embeddedDatabases } from './embedded-databases.js';
import { type DatabaseUrls, fsck } from './fsck.js';

/**
 * `npm run fsck`: compares the databases of the bookstore that `npm start` runs, or of the two URLs given. Exit status: 0
 * without findings or with all of them repaired, 1 with findings, 2 when the databases could not be compared.
 */

const USAGE = 'usage: npm run fsck -- [--repair] [--authors-url postgresql://… --books-url postgresql://…]';
const POSTGRES_URL = /^postgres(ql)?:\/\//;
const dataDir = fileURLToPath(new URL('../../../.sandbox', import.meta.url));

try {
  const { repair, urls } = readArguments();
  const { findings, references, deletions } = await fsck(urls, { repair });
  for (const { line } of findings) console.log(line);
  const left = findings.filter(({ repaired }) => !repaired).length;
  const repairs = repair && findings.length > 0 ? `, ${findings.length - left} repaired` : '';
  console.log(
    `${findings.length} findings${repairs}; checked ${references} references, ${deletions} deletions under way`,
  );
  process.exitCode = left > 0 ? 1 : 0;
} catch (error) {
  const { message, stack } = error as Error;
  console.error(`fsck: ${error instanceof SandboxError ? message : (stack ?? message)}`);
  process.exitCode = 2;
}

function readArguments(): { repair: boolean; urls: DatabaseUrls } {
  const url = { type: 'string' } as const;
  const options = { repair: { type: 'boolean', default: false }, 'authors-url': url, 'books-url': url } as const;
  try {
    const { repair, 'authors-url': authors, 'books-url': books } = parseArgs({ options }).values;
    if (authors === undefined && books === undefined) return { repair, urls: embeddedDatabases(dataDir) };
    // pg reads any other text as the name of a database on this machine.
    if (authors?.match(POSTGRES_URL) && books?.match(POSTGRES_URL)) return { repair, urls: { authors, books } };
  } catch (cause) {
    if (cause instanceof SandboxError) throw cause;
  }
  throw new SandboxError(USAGE);
}
