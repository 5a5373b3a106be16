import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { backoffMs } from './backoff.js';
import type { Log } from './log.js';
import { MigrateError } from './migrate-error.js';
import type { MigrateSettings } from './migrate-settings.js';

/** Any number that nobody else locks in this database; the schema engine's own is 72707369. */
const LOCK = 5_005_150_052;

/**
 * One migration at a time, role and grants included: the others wait. Held until the connection ends.
 *
 * It is tried for again and again rather than waited for in the database: a waiting statement holds a snapshot, which
 * would have a CREATE INDEX CONCURRENTLY of the one at work wait for it in turn, for ever.
 *
 * @throws MigrateError when another is still at work after the wait
 */
export async function takeMigrationLock(
  client: Client,
  settings: MigrateSettings,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { MIGRATE_WAIT_MS: waitMs, MIGRATE_FIRST_BACKOFF_MS, MIGRATE_LONGEST_BACKOFF_MS } = settings;
  const deadline = Date.now() + waitMs;
  await client.query('SET idle_session_timeout = 0'); // idle on this connection is not idle
  for (let tries = 0; ; tries++) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]);
    if (rows[0]?.locked) return;
    if (tries === 0) log.info({}, 'waiting for another migration of this database to end');
    if (Date.now() >= deadline) throw new MigrateError(`another migration is still at work after ${waitMs} ms`);
    const backoff = backoffMs(tries, MIGRATE_FIRST_BACKOFF_MS, MIGRATE_LONGEST_BACKOFF_MS);
    await pause(backoff, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }
}
