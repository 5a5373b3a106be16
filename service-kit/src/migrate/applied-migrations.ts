import { readdir } from 'node:fs/promises';

/** The names of the migrations in a folder, oldest first. */
export async function migrationNames(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.map((entry) => entry.name).sort();
}

/**
 * The names of the migrations in the folder that the database has not finished, oldest first.
 *
 * @param query runs one statement and returns its rows; its errors are passed on
 */
export async function pendingMigrations(
  query: (sql: string) => Promise<Array<{ migration_name: string }>>,
  migrationsDir: string,
): Promise<string[]> {
  const names = await migrationNames(migrationsDir);
  // Before the first migration there is no table, and before the first grants the service may not read it.
  const readable = await query(
    `SELECT relname AS migration_name FROM pg_class
      WHERE oid = to_regclass('_prisma_migrations') AND has_table_privilege(oid, 'SELECT')`,
  );
  if (readable.length === 0) return names;
  const finished = await query(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  return names.filter((name) => !finished.some((row) => row.migration_name === name));
}
