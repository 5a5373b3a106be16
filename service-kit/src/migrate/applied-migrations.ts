import { sqlState } from '../database/database-errors.js';
import { migrationNames } from './migrations-folder.js';

const NO_SUCH_TABLE = '42P01';
/** The grants end a migration: a role that may not read the table yet came before the first one had ended. */
const NOT_ALLOWED = '42501';

/**
 * The migrations in the folder that the database has not finished, by name, oldest first; all of them when it has never
 * been migrated. A service waits until there are none rather than serve half-migrated.
 *
 * @param query runs one statement and gives its rows; what it throws is passed on
 */
export async function pendingMigrations(
  query: (sql: string) => Promise<Array<{ migration_name: string }>>,
  migrationsDir: string,
): Promise<string[]> {
  const names = await migrationNames(migrationsDir);
  const finished = new Set(await finishedMigrations(query));
  return names.filter((name) => !finished.has(name));
}

async function finishedMigrations(query: Parameters<typeof pendingMigrations>[0]): Promise<string[]> {
  try {
    const rows = await query(
      'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    return rows.map((row) => row.migration_name);
  } catch (error) {
    if ([NO_SUCH_TABLE, NOT_ALLOWED].includes(sqlState(error) ?? '')) return [];
    throw error;
  }
}
