import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { MigrateError } from './migrate-error.js';

export interface Migration {
  /** `<UTC timestamp>_<what>`, which is also the order. */
  name: string;
  sql: string;
}

/** The names of the migrations in a folder, oldest first. */
export async function migrationNames(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * The migrations in a folder, oldest first.
 *
 * @throws MigrateError when there is no folder, nothing in it, or a migration without SQL: a wrong path must not pass for
 *   a database that is up to date
 */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const names = await migrationNames(dir).catch((error: NodeJS.ErrnoException) => {
    throw new MigrateError(`MIGRATIONS_DIR ${dir} cannot be read (${error.code})`);
  });
  if (names.length === 0) throw new MigrateError(`MIGRATIONS_DIR ${dir} holds no migrations`);
  return Promise.all(names.map(async (name) => ({ name, sql: await readSql(path.join(dir, name, 'migration.sql')) })));
}

async function readSql(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new MigrateError(`${file} cannot be read (${error.code})`);
  });
}
