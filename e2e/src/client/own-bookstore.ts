import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bookstore, type BookstoreOptions, startBookstore } from '@bookstore/sandbox';
import { BUSY_MACHINE } from '@bookstore/sandbox/testing';

/** A bookstore that one test file may stop, fill and configure. */
export interface OwnBookstore {
  readonly bookstore: Bookstore;
  readonly authorAddress: string;
  readonly bookAddress: string;
  /** Keeps its data, certificates and secrets. */
  readonly dataDir: string;
  /** Every line of both services' logs so far. */
  readonly log: string[];
  stop(): Promise<void>;
}

/** Starts both services as processes, on a PostgreSQL of their own; the data is removed when it stops. */
export async function startOwnBookstore({
  env = {},
  secure = false,
}: Pick<BookstoreOptions, 'env' | 'secure'>): Promise<OwnBookstore> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  const log: string[] = [];
  try {
    const bookstore = await startBookstore({
      dataDir,
      secure,
      durable: false,
      env: { ...BUSY_MACHINE, ...env },
      onLog: (line) => void log.push(line),
    });
    return {
      bookstore,
      authorAddress: bookstore.service('author-service').address,
      bookAddress: bookstore.service('book-service').address,
      dataDir,
      log,
      stop: () => bookstore.stop().finally(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
