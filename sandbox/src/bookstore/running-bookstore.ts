import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataDir as defaultDataDir } from './start-options.js';

/** Where a bookstore that runs on this machine listens. */
export interface RunningBookstore {
  /** Of the command that started it, such as npm start. */
  readonly pid: number;
  /** In the order of the list of services; `address` is host:port. */
  readonly services: readonly { readonly name: string; readonly address: string }[];
  /** The certificate authority to trust, where the public ports have TLS. */
  readonly caFile?: string | undefined;
  /** By service: the URL of its database, for the service's own role. */
  readonly databases: Readonly<Record<string, string>>;
}

const fileIn = (dataDir: string) => path.join(dataDir, 'bookstore.json');

/** The bookstore that runs on a data folder; undefined where none does. */
export function runningBookstore(dataDir = defaultDataDir): RunningBookstore | undefined {
  try {
    const bookstore: RunningBookstore = JSON.parse(readFileSync(fileIn(dataDir), 'utf8'));
    // A bookstore that was killed leaves its file. Signal 0 is not sent: it only fails where there is no process.
    process.kill(bookstore.pid, 0);
    return bookstore;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/**
 * Writes down where the bookstore of this process listens, for `runningBookstore`.
 *
 * @returns removes the file
 */
export function announceBookstore(dataDir: string, bookstore: Omit<RunningBookstore, 'pid'>): () => void {
  const file = fileIn(dataDir);
  mkdirSync(dataDir, { recursive: true });
  // The URLs contain passwords. Renamed when complete, so that a reader never gets half a file.
  writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, ...bookstore }, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}
