import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, startBookstore } from '@bookstore/sandbox';
import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import type { StartedTarget } from './target.js';

/** Both services as processes of this machine, on an embedded PostgreSQL, in a folder that is removed at the end. */
export async function startEmbedded(): Promise<StartedTarget> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const env = { ...BUSY_MACHINE, LOG_LEVEL: 'warn' };
    const bookstore = await startBookstore({
      dataDir,
      ports: { 'author-service': authorPort, 'book-service': bookPort },
      durable: false,
      env,
      onLog: () => {},
    });
    return {
      name: 'embedded',
      authorAddress: `127.0.0.1:${authorPort}`,
      bookAddress: `127.0.0.1:${bookPort}`,
      stop: () => bookstore.stop().finally(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
