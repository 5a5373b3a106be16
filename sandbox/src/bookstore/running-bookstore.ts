import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRunning } from '../../../scripts/is-running.mjs';
import { root } from '../../../scripts/services.mjs';

/** SANDBOX_DIR, or `.sandbox` in the repository. */
export const dataDir = path.resolve(process.env.SANDBOX_DIR || path.join(root, '.sandbox'));

/** Where a bookstore that runs on this machine listens. */
export interface RunningBookstore {
  /** Of the command that started it, such as npm start. */
  readonly pid: number;
  /** In the order of the list of services; `address` is host:port. */
  readonly services: readonly { readonly name: string; readonly address: string }[];
  /** The certificate authority to trust, where the public ports have TLS. */
  readonly caFile?: string | undefined;
  readonly postgresPort: number;
}

const fileIn = (folder: string) => path.join(folder, 'bookstore.json');

/** The bookstore that runs on a data folder; undefined where none does. */
export function runningBookstore(folder = dataDir): RunningBookstore | undefined {
  try {
    const bookstore: RunningBookstore = JSON.parse(readFileSync(fileIn(folder), 'utf8'));
    // One that was killed leaves its file.
    return isRunning(bookstore.pid) ? bookstore : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes down where the bookstore of this process listens, for `runningBookstore`.
 *
 * @returns removes the file
 */
export function announceBookstore(folder: string, bookstore: Omit<RunningBookstore, 'pid'>): () => void {
  const file = fileIn(folder);
  // Renamed when complete: a reader never gets half a file.
  writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, ...bookstore }, null, 2));
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}
