import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const EVERY_MS = 5;
const CANNOT_CONNECT_NOW = '57P03';

/**
 * Waits until the server answers a query. Recovery after a crash counts as waiting.
 *
 * @throws {Error} whatever else stands in the way, such as a password it does not take, or that `signal` aborted
 */
export async function untilReady(url: string, dataDir: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // Who asks earlier is refused, with a line in the log that looks like a failure.
    while (!saysReady(dataDir)) await sleep(EVERY_MS, undefined, { signal });
    try {
      return await ask(url);
    } catch (error) {
      const { code } = error as { code?: string };
      // Before it listens, or a reset while it starts.
      if (code !== 'ECONNREFUSED' && code !== 'ECONNRESET' && code !== CANNOT_CONNECT_NOW) throw error;
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}

/** The last line of this file is PostgreSQL's own word on its state. */
function saysReady(dataDir: string): boolean {
  try {
    return /^ready\s*$/m.test(readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8'));
  } catch {
    return false;
  }
}

async function ask(url: string): Promise<void> {
  // Whatever PGSSLMODE says in the environment, this server speaks no TLS.
  const client = new pg.Client({ connectionString: url, ssl: false, connectionTimeoutMillis: 5_000 });
  // A server that ends just now breaks the connection once more after the query has failed.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}
