import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { MigrateError } from './migrate-error.js';
import type { Migration } from './migrations-folder.js';

/** A row of Prisma's own table. */
export interface HistoryRow {
  migration_name: string;
  checksum: string;
  finished: boolean;
  /** What the schema engine wrote down of a failure; empty when the process did not live to do so. */
  logs: string | null;
}

/** What the database knows of migrations, except for those an administrator has marked as rolled back. */
export async function readHistory(client: Client): Promise<HistoryRow[]> {
  try {
    const { rows } = await client.query<HistoryRow>(
      `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished, logs
         FROM public._prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
    );
    return rows;
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') return []; // no table: nothing was ever applied
    throw error;
  }
}

/**
 * The migrations still to apply, and those applied that the folder does not have, as after going back to an older image.
 * The schema engine itself stops at failed ones, but passes over edited ones.
 *
 * @throws MigrateError for a migration that has failed or was edited since it was applied
 */
export function pendingOf(migrations: Migration[], history: HistoryRow[]): { pending: string[]; unknown: string[] } {
  const failed = history.find((row) => !row.finished);
  if (failed !== undefined) throw new MigrateError(earlierFailure(failed));

  const applied = new Map(history.map((row) => [row.migration_name, row.checksum]));
  const edited = migrations.filter(({ name, sql }) => !checksums(sql).includes(applied.get(name) ?? checksum(sql)));
  if (edited.length > 0) {
    const names = edited.map(({ name }) => name).join(', ');
    throw new MigrateError(
      `migration ${names} was edited after it had been applied: put its migration.sql back and make the change in a new migration`,
    );
  }
  return {
    pending: migrations.map(({ name }) => name).filter((name) => !applied.has(name)),
    unknown: [...applied.keys()].filter((name) => !migrations.some((migration) => migration.name === name)),
  };
}

function earlierFailure({ migration_name, logs }: HistoryRow): string {
  const reason = logs ? `failed earlier (${oneLine(logs)})` : 'was interrupted';
  return `migration ${migration_name} ${reason}, so nothing more is applied; ${wayOut(migration_name)}`;
}

/** How an administrator lets a migration that did not end be tried again. */
export function wayOut(name: string): string {
  const where = `migration_name = '${name}' AND finished_at IS NULL`;
  return `once what it left is undone and its SQL is mended, run: UPDATE _prisma_migrations SET rolled_back_at = now() WHERE ${where}`;
}

/** The schema engine's account without its headline and stack. */
export function oneLine(account: string): string {
  return account
    .replace(/^external connector error\n/, '')
    .replace(/^Error querying the database: /, '')
    .replace(/\n\s+0: [\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

const checksum = (sql: string) => createHash('sha256').update(sql).digest('hex');
/** As Prisma: a checkout with other line ends is not an edit. */
const checksums = (sql: string) =>
  [sql, sql.replaceAll('\r\n', '\n'), sql.replaceAll('\n', '\r\n')].map((text) => checksum(text));
