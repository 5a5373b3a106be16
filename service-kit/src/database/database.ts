import type { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { KitSettings } from '../settings/kit-settings.js';
import { LONGEST_TIMER_MS } from '../settings/timers.js';
import { connectionString } from './connection-string.js';
import { PreparedStatementsAdapter } from './prepared-statements.js';
import { SESSION_OPTIONS } from './session.js';

/** A transaction that waits for its client for so long was abandoned, ms. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** The connection pool of a service. */
export function createPool(settings: KitSettings, applicationName: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: connectionString(settings),
    application_name: applicationName,
    max: settings.DATABASE_POOL_SIZE,
    connectionTimeoutMillis: settings.DATABASE_ACQUIRE_TIMEOUT_MS,
    min: settings.DATABASE_POOL_SIZE, // none is closed for being idle
    statement_timeout: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    // A database that is frozen enforces no time-out of its own: the driver's comes just after.
    query_timeout: Math.min(settings.DATABASE_STATEMENT_TIMEOUT_MS + 250, LONGEST_TIMER_MS),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    options: SESSION_OPTIONS,
  });
  // A broken idle connection is replaced by the next query; without a listener the event ends the process.
  pool.on('error', () => {});
  // Nor may one that breaks while it is taken: its query fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('release', endUnfinishedTransaction);
  return pool;
}

/**
 * Ends a connection that comes back in a transaction, as after a ROLLBACK that timed out: the next user's writes would be
 * part of that transaction, acknowledged and never committed.
 */
function endUnfinishedTransaction(_error: Error, client: pg.PoolClient): void {
  if (client.getTransactionStatus() !== 'I') void client.end();
}

/** What a service's PrismaClient is made of. */
export interface PrismaOptions {
  readonly adapter: PrismaPg;
  /** Without an excerpt of the source file, which takes milliseconds to make. */
  readonly errorFormat: 'minimal';
}

/** Prisma on this pool, with prepared statements. */
export function prismaOptions(pool: pg.Pool): PrismaOptions {
  return { adapter: new PreparedStatementsAdapter(pool), errorFormat: 'minimal' };
}

/**
 * Opens every connection of the pool. The first calls of a process are slow, and would wait for their connections beside:
 * under load some would give up.
 *
 * @throws Error while the database does not answer
 */
export async function openAll(pool: pg.Pool): Promise<void> {
  const opened = await Promise.allSettled(Array.from({ length: pool.options.max }, () => pool.connect()));
  for (const one of opened) if (one.status === 'fulfilled') one.value.release();
  if (opened.every(({ status }) => status === 'rejected')) throw (opened[0] as PromiseRejectedResult).reason;
}

/** @throws Error while the database does not answer, or refuses writes, as a standby does */
export async function expectWritable(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  let isUseless = true;
  try {
    const { rows } = await client.query("SELECT current_setting('transaction_read_only') AS read_only");
    isUseless = rows[0]?.read_only === 'on';
  } finally {
    // A session that began while the database was read-only may stay so: the next look takes another one.
    client.release(isUseless);
  }
  if (isUseless) throw new Error('it is read-only');
}
