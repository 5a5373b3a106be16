import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { databaseProblem, expectSession, SESSION_OPTIONS } from '../database/session.js';
import type { Logger } from '../log/logger.js';
import { createServiceRole, grantToService, type ServiceRole } from './service-role.js';

export interface MigrateOptions {
  /** The database to migrate, as the role that owns it. */
  readonly url: string;
  readonly migrationsDir: string;
  readonly serviceRole?: ServiceRole | undefined;
  /** The longest wait for the database and for another migration, ms; a minute by default. */
  readonly waitMs?: number;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

type Database = Pick<pg.ClientBase, 'query'>;

/** The advisory lock of Prisma's schema engine, so that its CLI and this runner exclude each other. */
const LOCK = 72_707_369;
const TABLE = 'public._prisma_migrations';
/** As Prisma's schema engine creates it. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

/**
 * Waits for the database, creates the service's role, applies the pending migrations in order, and grants.
 *
 * @returns the names of the applied migrations
 * @throws Error that names the migration or the other problem, and says what to do
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, migrationsDir, serviceRole, waitMs = 60_000, logger = { info() {}, warn() {} } } = options;
  const pending = new Map<string, string>();
  for (const name of await migrationNames(migrationsDir)) {
    pending.set(name, await readFile(path.join(migrationsDir, name, 'migration.sql'), 'utf8'));
  }
  if (pending.size === 0) throw new Error(`${migrationsDir} has no migrations`);

  const client = await connect(url, waitMs, logger);
  try {
    const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
    const encoding = rows[0]?.server_encoding;
    // Another one cannot store every text.
    if (encoding !== 'UTF8')
      throw new Error(`the database's encoding is ${encoding}, and must be UTF8: create it anew`);
    if (serviceRole) await createServiceRole(client, serviceRole, logger);
    await client.query(CREATE_TABLE);
    await removeApplied(client, pending, logger);
    if (pending.size === 0) logger.info('nothing to apply');
    for (const [name, sql] of pending) {
      await apply(client, name, sql);
      logger.info({ applied: name }, `applied ${name}`);
    }
    if (serviceRole) await grantToService(client, serviceRole.name);
    return { applied: [...pending.keys()] };
  } finally {
    await client.end().catch(() => {}); // which releases the lock
  }
}

/** The names of the migrations in the folder that the database of this service has not finished, oldest first. */
export async function pendingMigrations(database: Database, dir: string): Promise<string[]> {
  await expectSession(database);
  const names = await migrationNames(dir);
  // Before the first migration there is no table, and before the first grants the service may not read it.
  const readable = `SELECT FROM pg_class WHERE oid = to_regclass('${TABLE}') AND has_table_privilege(oid, 'SELECT')`;
  if ((await database.query(readable)).rowCount === 0) return names;
  const rows = await readTable(database);
  return names.filter((name) => !rows.some((row) => row.finished && row.name === name));
}

/** The migrations that were not rolled back, oldest first. */
async function readTable(database: Database) {
  const { rows } = await database.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM ${TABLE} WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return rows;
}

async function migrationNames(dir: string): Promise<string[]> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).sort();
}

/** Connects as soon as the database answers, and takes the lock, which the connection holds until its end. */
async function connect(url: string, waitMs: number, logger: Pick<Logger, 'info'>): Promise<pg.Client> {
  const deadline = Date.now() + waitMs;
  let lastReason = '';
  for (;;) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      keepAlive: true,
      connectionTimeoutMillis: Math.min(5000, waitMs),
      options: SESSION_OPTIONS,
    });
    client.on('error', () => {}); // a connection that breaks later fails the next query
    try {
      await client.connect();
      await expectSession(client); // before the lock, which a pooler would give to others
      // Tried again and again: a waiting statement would block a CREATE INDEX CONCURRENTLY of the other migration.
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]);
      if (rows[0]?.locked) return client;
      throw new Error('another migration is running');
    } catch (error) {
      client.end().catch(() => {});
      const reason = databaseProblem(error);
      const database = `the database at ${client.host}:${client.port}`;
      if (Date.now() >= deadline) throw new Error(`${database} was not ready within ${waitMs} ms: ${reason}`);
      if (reason !== lastReason) logger.info(`waiting for ${database}: ${reason}`);
      lastReason = reason;
      await sleep(100 + Math.random() * 400);
    }
  }
}

/** Removes the applied migrations from the map. Throws for one that did not finish or was edited since. */
async function removeApplied(client: pg.Client, migrations: Map<string, string>, logger: Pick<Logger, 'warn'>) {
  for (const { name, checksum, finished } of await readTable(client)) {
    if (!finished) throw new Error(`migration ${name} failed earlier, so nothing more is applied: ${undo(name)}`);
    const sql = migrations.get(name);
    // For Prisma, other line ends are not an edit.
    const same = sql && [sql, sql.replaceAll('\r\n', '\n'), sql.replaceAll('\n', '\r\n')];
    if (!same) logger.warn(`the database is ahead: this version does not know the migration ${name}`);
    else if (!same.map(checksumOf).includes(checksum)) {
      const remedy = 'restore its migration.sql and make the change in a new migration';
      throw new Error(`migration ${name} was edited after it had been applied: ${remedy}`);
    }
    migrations.delete(name);
  }
}

/**
 * Runs a migration and writes its row in one transaction: a process that is killed leaves both or neither, unless the
 * script commits by itself.
 */
async function apply(client: pg.Client, name: string, sql: string): Promise<void> {
  const id = randomUUID();
  try {
    await client.query('BEGIN');
    const row = [id, checksumOf(sql), name];
    await client.query(`INSERT INTO ${TABLE} (id, checksum, migration_name) VALUES ($1, $2, $3)`, row);
    await client.query(sql);
    const finish = `UPDATE ${TABLE} SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`;
    if ((await client.query(finish, [id])).rowCount === 0) throw new Error('it rolls its own transaction back');
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be lost
    // A COMMIT of its own leaves the row, and what came before.
    const row = await client.query(`SELECT FROM ${TABLE} WHERE id = $1`, [id]).catch(() => undefined);
    const remedy = row?.rowCount ? undo(name) : 'fix its migration.sql and run this again';
    throw new Error(`migration ${name} failed: ${(error as Error).message}; ${remedy}`, { cause: error });
  }
}

const undo = (name: string) => `undo what it left and run npx prisma migrate resolve --rolled-back ${name}`;

const checksumOf = (sql: string) => createHash('sha256').update(sql).digest('hex');
