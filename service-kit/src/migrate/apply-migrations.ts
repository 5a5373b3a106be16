import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Log } from './log.js';
import { MigrateError } from './migrate-error.js';
import { oneLine, readHistory, wayOut } from './migration-history.js';
import type { Migration } from './migrations-folder.js';
import { EVERYTHING, startSchemaEngine } from './schema-engine.js';

/**
 * Applies what is pending, in order, and writes it down as `prisma migrate deploy` does.
 *
 * @throws MigrateError that names the migration that failed; none after it is applied
 */
export async function applyMigrations(
  url: string,
  dir: string,
  migrations: Migration[],
  pending: string[],
  client: pg.Client,
  log: Log,
): Promise<void> {
  const say = (name: string) => log.info({ applied: name }, `applied ${name}`);
  // One connection only: the engine's own lock belongs to a connection, and must not be waited for on a second one.
  const pool = new pg.Pool({ connectionString: url, application_name: 'migrate', keepAlive: true, max: 1 });
  pool.on('error', () => {}); // the query under way fails, which is soon enough
  try {
    const engine = await startSchemaEngine(wholeScripts(new PrismaPg(pool)));
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: await migrationList(dir, migrations),
      filters: EVERYTHING,
    });
    appliedMigrationNames.forEach(say);
  } catch (error) {
    const history = await readHistory(client).catch(() => []);
    const finished = history.filter((row) => row.finished).map((row) => row.migration_name);
    pending.filter((name) => finished.includes(name)).forEach(say);
    throw explain(error as Error, history.find((row) => !row.finished)?.migration_name);
  } finally {
    await pool.end(); // and with it the engine's lock
  }
}

/**
 * adapter-pg cuts a script at every semicolon, also within a string, a comment or a function's body, and runs the pieces
 * one by one. Sent whole it is parsed by PostgreSQL, and is one transaction, as with Prisma's native engine: a migration
 * that fails leaves nothing behind.
 */
function wholeScripts(factory: PrismaPg): PrismaPg {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapter.executeScript = async (sql) => {
      await adapter.executeRaw({ sql, args: [], argTypes: [] });
    };
    return adapter;
  };
  return factory;
}

async function migrationList(dir: string, migrations: Migration[]) {
  const lockfile = 'migration_lock.toml';
  return {
    baseDir: dir,
    lockfile: { path: lockfile, content: await readFile(path.join(dir, lockfile), 'utf8').catch(() => null) },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
}

function explain(cause: Error, failed: string | undefined): MigrateError {
  const reason = oneLine(cause.message);
  if (failed === undefined) return new MigrateError(`the migrations could not be applied: ${reason}`, { cause });
  return new MigrateError(`migration ${failed} failed: ${reason}; ${wayOut(failed)}`, { cause });
}
