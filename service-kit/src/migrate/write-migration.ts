import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MigrateError } from './migrate-error.js';
import { migrationNames } from './migrations-folder.js';
import { schemaDiff } from './schema-diff.js';

/**
 * The schema a migration ended with, beside its SQL: the next one starts from it, without a database. Not named
 * `*.prisma`, which editors would take for more of the same schema; Prisma's commands read migration.sql alone.
 */
const SNAPSHOT = 'schema.prisma.snapshot';
const LOCKFILE = 'migration_lock.toml';

/**
 * Writes `<service>/prisma/migrations/<UTC timestamp>_<name>`: the SQL from the schema as of the last migration to the
 * present one, or, for SQL that no Prisma schema can say, an empty file to fill in.
 *
 * @throws MigrateError for a bad name, a schema that is invalid or has not changed, or a snapshot that is missing
 */
export async function writeMigration(
  service: string,
  name: string,
  options: { sqlOnly: boolean },
): Promise<{ file: string; drops: boolean }> {
  if (!/^[a-z0-9_]+$/.test(name)) throw new MigrateError(`${name} is no name for a migration: use a-z, 0-9 and _`);
  const schema = await read(path.join(service, 'prisma/schema.prisma'), 'is there such a service?');
  const migrations = path.join(service, 'prisma/migrations');
  await mkdir(migrations, { recursive: true });
  const last = (await migrationNames(migrations)).at(-1);
  const hint = 'put the schema there as this migration left it';
  const before = last === undefined ? undefined : await read(path.join(migrations, last, SNAPSHOT), hint);

  const sql = await schemaDiff(before, schema);
  if (sql === undefined && !options.sqlOnly) {
    throw new MigrateError(
      `nothing changed in ${service}/prisma/schema.prisma since ${last ?? 'the start'}; --sql-only makes a migration for SQL of your own`,
    );
  }

  const folder = path.join(migrations, `${timestampAfter(last)}_${name}`);
  await mkdir(folder);
  await writeFile(path.join(folder, SNAPSHOT), schema);
  if (last === undefined) await writeFile(path.join(migrations, LOCKFILE), 'provider = "postgresql"\n');
  const file = path.join(folder, 'migration.sql');
  await writeFile(file, sql ?? '-- The schema stays as it is: SQL of your own goes here.\n');
  return { file, drops: /\bDROP (TABLE|COLUMN)\b/.test(sql ?? '') };
}

/** yyyymmddhhmmss in UTC, and after the last migration even where a clock is behind: names are the order they run in. */
function timestampAfter(last: string | undefined): string {
  const iso = last?.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_.*$/, '$1-$2-$3T$4:$5:$6Z') ?? '';
  const now = Math.floor(Date.now() / 1000) * 1000;
  const time = Date.parse(iso) >= now ? Date.parse(iso) + 1000 : now;
  return new Date(time).toISOString().replace(/\D/g, '').slice(0, 14);
}

async function read(file: string, hint: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new MigrateError(`${file} cannot be read (${error.code}): ${hint}`);
  });
}
