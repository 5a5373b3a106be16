import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Where a copy may lie: folders that every user can enter, the first that serves wins (a temporary folder may be
 * private to root, or forbid running programs). The name tells owner and content, so users and versions do not meet.
 */
export function copyPlaces(packageRoot: string): string[] {
  if (process.platform === 'win32') return [];
  const name = `bookstore-postgres-${process.getuid?.()}-${fingerprint(packageRoot)}`;
  return [...new Set([os.tmpdir(), '/tmp', '/var/tmp'])].map((folder) => path.join(folder, name));
}

/**
 * Makes the copy unless it is there, whole, and this user's. It appears under its name at once and complete, however
 * many processes make it at the same time.
 *
 * @throws {Error} when another user holds the name: what is in there is not to be run
 */
export function copyBinaries(packageRoot: string, copy: string): void {
  const found = lstatSync(copy, { throwIfNoEntry: false });
  if (found && !isOurs(found)) throw new Error('another user made that folder');
  if (found && isComplete(copy)) return;
  const fresh = `${copy}.${randomUUID()}`;
  try {
    mkdirSync(fresh, { mode: 0o700 });
    cpSync(path.join(packageRoot, 'native'), path.join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    openToAll(fresh);
    // What a cleaner of temporary folders has left of a copy cannot be renamed onto, and is of no use.
    if (found && !isComplete(copy)) rmSync(copy, { recursive: true, force: true });
    renameSync(fresh, copy);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    const now = lstatSync(copy, { throwIfNoEntry: false });
    // Another process was first.
    if (now && isOurs(now) && isComplete(copy)) return;
    throw error;
  }
}

function isOurs(folder: Stats): boolean {
  return folder.isDirectory() && folder.uid === process.getuid?.() && (folder.mode & 0o022) === 0;
}

function isComplete(copy: string): boolean {
  return copy.endsWith(`-${fingerprint(copy)}`);
}

/** Which files there are and how long they are: what reading all 60 MB at each start would hardly add to. */
function fingerprint(root: string): string {
  const native = path.join(root, 'native');
  const files = readdirSync(native, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => `${path.relative(native, file)} ${lstatSync(file).size}`)
    .sort();
  return createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16);
}

/** The checkout may have been made for its owner's eyes only; the server's user must read the copy. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(file, 0o755);
    else if (entry.isFile()) chmodSync(file, lstatSync(file).mode & 0o100 ? 0o755 : 0o644);
  }
}
