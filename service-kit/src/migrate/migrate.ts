import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { migrationNames } from './applied-migrations.js';
import { connectAlone, type Log } from './connect.js';
import { createServiceRole, grantToService, type ServiceRole } from './service-role.js';

export interface MigrateOptions {
  /** The database to migrate, as the role that owns it. */
  readonly url: string;
  readonly migrationsDir: string;
  readonly serviceRole?: ServiceRole | undefined;
  /** Longest wait for the database, and for another migration, ms; a minute by default. */
  readonly waitMs?: number;
  /** Silent by default. */
  readonly log?: Log;
}

const TABLE = 'public._prisma_migrations';
/** As Prisma's schema engine does it. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;
const NO_TRANSACTION_ALLOWED = '25001';

/**
 * Waits for the database, creates the service's role, applies the pending migrations in order, and grants.
 *
 * @returns the names of the migrations that were applied
 * @throws Error that names the migration, or whatever else is in the way, and says what to do
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, serviceRole, waitMs = 60_000, log = { info() {}, warn() {} } } = options;
  const pending = await readMigrations(options.migrationsDir);
  const client = await connectAlone(url, log, { waitMs });
  try {
    await expectUtf8(client);
    if (serviceRole) await createServiceRole(client, serviceRole, log);
    await client.query(CREATE_TABLE);
    await leaveOutApplied(client, pending, log);
    if (pending.size === 0) log.info({}, 'nothing to apply');
    for (const [name, sql] of pending) {
      await apply(client, name, sql);
      log.info({ applied: name }, `applied ${name}`);
    }
    if (serviceRole) await grantToService(client, serviceRole.name);
    return { applied: [...pending.keys()] };
  } finally {
    await client.end().catch(() => {}); // which frees the lock
  }
}

/** Throws for a database that cannot hold every text. */
async function expectUtf8(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding === 'UTF8') return;
  throw new Error(`the database's encoding is ${encoding}, and must be UTF8: create it anew with ENCODING 'UTF8'`);
}

/** The SQL of each migration by its name, in order. A wrong folder must not pass for a database that is up to date. */
async function readMigrations(dir: string): Promise<Map<string, string>> {
  const names = await migrationNames(dir);
  if (names.length === 0) throw new Error(`${dir} holds no migrations`);
  const read = async (name: string) => [name, await readFile(path.join(dir, name, 'migration.sql'), 'utf8')] as const;
  return new Map(await Promise.all(names.map(read)));
}

/** Takes the applied migrations out of the map. Throws for one that did not finish, or was edited since. */
async function leaveOutApplied(client: Client, migrations: Map<string, string>, log: Log): Promise<void> {
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean; logs: string | null }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished, logs
       FROM ${TABLE} WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  for (const { name, checksum, finished, logs } of rows) {
    const reason = logs ? `failed earlier (${logs.split(/\n\s+0: /)[0]?.replace(/\s+/g, ' ')})` : 'was interrupted';
    if (!finished) throw new Error(`migration ${name} ${reason}, so nothing more is applied; ${howToResolve(name)}`);
    const sql = migrations.get(name);
    if (sql === undefined) log.warn({ unknown: name }, `the database is ahead: this version does not know ${name}`);
    else if (!sameScripts(sql).map(checksumOf).includes(checksum)) {
      const remedy = 'put its migration.sql back and make the change in a new migration';
      throw new Error(`migration ${name} was edited after it had been applied: ${remedy}`);
    }
    migrations.delete(name);
  }
}

/**
 * Runs a migration and writes its row in one transaction: a process that is killed leaves both or neither. SQL that may
 * not run in a transaction runs without one, as by Prisma's CLI: when it stops halfway, its unfinished row says so.
 */
async function apply(client: Client, name: string, sql: string): Promise<void> {
  const id = randomUUID();
  const run = async () => {
    const row = [id, checksumOf(sql), name];
    await client.query(`INSERT INTO ${TABLE} (id, checksum, migration_name) VALUES ($1, $2, $3)`, row);
    await client.query(sql);
    const finish = `UPDATE ${TABLE} SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`;
    if ((await client.query(finish, [id])).rowCount === 0) throw new Error('it rolls its own transaction back');
  };
  try {
    await client.query('BEGIN');
    await run().catch(async (error) => {
      await client.query('ROLLBACK');
      if (error.code !== NO_TRANSACTION_ALLOWED) throw error;
      await run();
    });
    await client.query('COMMIT');
  } catch (error) {
    const { message } = error as Error;
    const note = client.query(`UPDATE ${TABLE} SET logs = $2 WHERE id = $1`, [id, message]);
    const { rowCount } = await note.catch(() => ({ rowCount: undefined })); // the connection is lost
    const left = rowCount === 0 ? 'nothing of it is left: ' : '';
    const remedy = rowCount === 1 ? howToResolve(name) : `${left}mend its migration.sql and run this again`;
    throw new Error(`migration ${name} failed: ${message}; ${remedy}`, { cause: error });
  }
}

const howToResolve = (name: string) =>
  `undo what it left and run npx prisma migrate resolve --rolled-back ${name}, or in SQL: UPDATE ${TABLE} SET rolled_back_at = now() WHERE migration_name = '${name}' AND finished_at IS NULL`;

const checksumOf = (sql: string) => createHash('sha256').update(sql).digest('hex');

/** As for Prisma: other line ends are not an edit. */
const sameScripts = (sql: string) => [sql, sql.replaceAll('\r\n', '\n'), sql.replaceAll('\n', '\r\n')];
