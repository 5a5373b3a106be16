import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bookstore, freePort, startBookstore } from '@bookstore/sandbox';
import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import { type Bookstore as Client, connect } from '../client/connect.js';

/** A bookstore of its own that is told where to send its telemetry, and a client of it. */
export interface ObservedBookstore extends AsyncDisposable {
  readonly bookstore: Bookstore;
  readonly client: Client;
  readonly authorAddress: string;
  readonly bookAddress: string;
  /** Lines of both services' logs. */
  readonly log: readonly string[];
}

export async function observedBookstore(env: Readonly<Record<string, string>>): Promise<ObservedBookstore> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const log: string[] = [];
  const bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    durable: false,
    env: { ...BUSY_MACHINE, LOG_FORMAT: 'json', ...env },
    onLog: (line) => void log.push(line),
  });
  const [authorAddress, bookAddress] = [`127.0.0.1:${authorPort}`, `127.0.0.1:${bookPort}`];
  const client = connect({ authorAddress, bookAddress });
  return {
    bookstore,
    client,
    authorAddress,
    bookAddress,
    log,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await bookstore.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
