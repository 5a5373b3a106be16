import pg from 'pg';
import type { KitSettings } from '../settings/kit-settings.js';
import { PreparedStatementsAdapter } from './prepared-statements.js';
import { SESSION_OPTIONS } from './session.js';

/** The connection pool of a service. */
export function createPool(settings: KitSettings, applicationName: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: connectionString(settings),
    application_name: applicationName,
    max: settings.DATABASE_POOL_SIZE,
    min: settings.DATABASE_POOL_SIZE, // opened when first needed, and then kept
    connectionTimeoutMillis: settings.DATABASE_ACQUIRE_TIMEOUT_MS,
    statement_timeout: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    query_timeout: settings.DATABASE_STATEMENT_TIMEOUT_MS + 250, // for a database that is frozen
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    options: SESSION_OPTIONS,
  });
  // Without listeners a connection that breaks, idle or in use, would end the process. Its query fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  // After a ROLLBACK that timed out a connection is still in its transaction: the writes of its next user would be
  // acknowledged and never committed.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') void client.end();
  });
  return pool;
}

/** DATABASE_URL with DATABASE_PASSWORD. As a parameter it also fits the URL of a Unix socket. */
export function connectionString(settings: Pick<KitSettings, 'DATABASE_URL' | 'DATABASE_PASSWORD'>): string {
  const url = new URL(settings.DATABASE_URL);
  if (settings.DATABASE_PASSWORD !== undefined) url.searchParams.set('password', settings.DATABASE_PASSWORD);
  // pg treats them as verify-full, with a warning that this will change.
  const sslmode = url.searchParams.get('sslmode');
  if (sslmode === 'require' || sslmode === 'verify-ca') url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}

/** The options of a service's PrismaClient. */
export const prismaOptions = (pool: pg.Pool) => ({
  adapter: new PreparedStatementsAdapter(pool),
  errorFormat: 'minimal' as const, // without an excerpt of the source file, which takes milliseconds to make
});
export type PrismaOptions = ReturnType<typeof prismaOptions>;

/** A check that throws while the database does not answer, or refuses writes, as a standby does. */
export function writableCheck(pool: pg.Pool): () => Promise<void> {
  let wasReadOnly = false;
  return async () => {
    const { rows } = await pool.query("SELECT current_setting('transaction_read_only') AS read_only");
    const isReadOnly = rows[0]?.read_only === 'on';
    // Sessions that began while the database was read-only may stay read-only.
    if (isReadOnly || wasReadOnly) await closeIdle(pool);
    wasReadOnly = isReadOnly;
    if (isReadOnly) throw new Error('it is read-only');
  };
}

async function closeIdle(pool: pg.Pool): Promise<void> {
  for (let left = pool.idleCount; left > 0; left--) (await pool.connect()).release(true);
}
