import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { query, runProgram } from '@bookstore/sandbox';
import { migrate } from '@bookstore/service-kit/migrate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { services } from '../../scripts/services.mjs';
import { diffToSchema, EVERYTHING, startSchemaEngine } from '../src/prisma/schema-engine.js';
import { createTestDatabase } from '../src/testing/index.js';

// `npm run new-migration`, and what the kit's runner leaves in a database beside what Prisma's own schema engine does.

const NEW_MIGRATION = fileURLToPath(new URL('../dist/prisma/new-migration.js', import.meta.url));
const newDatabase = () => createTestDatabase(inject('postgresUrl'));

let scratch: string;
let migrationsDir: string;
let olderDir: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'migrations-'));
  migrationsDir = path.join(scratch, 'all');
  olderDir = path.join(scratch, 'older');
  await addMigration(migrationsDir, '20260101000000_a', "CREATE TABLE a (x text DEFAULT '1;2');\n-- é\n");
  await cp(migrationsDir, olderDir, { recursive: true });
  await addMigration(migrationsDir, '20260102000000_b', 'CREATE TABLE b ();\r\nALTER TABLE b ADD c int;');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function addMigration(dir: string, name: string, sql: string) {
  await mkdir(path.join(dir, name), { recursive: true });
  await writeFile(path.join(dir, name, 'migration.sql'), sql);
}

async function migrationList(dir: string) {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const directory = async (name: string) => {
    const value = await readFile(path.join(dir, name, 'migration.sql'), 'utf8');
    return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
  };
  return {
    baseDir: dir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map(({ name }) => directory(name)).sort()),
  };
}

type Deploy = (url: string, dir: string) => Promise<string[]>;

const byRunner: Deploy = async (url, dir) => (await migrate({ url, migrationsDir: dir })).applied;

/** As `prisma migrate deploy` does it. */
const byPrisma: Deploy = async (url, dir) => {
  await using started = await startSchemaEngine(url);
  const migrationsList = await migrationList(dir);
  return (await started.engine.applyMigrations({ migrationsList, filters: EVERYTHING })).appliedMigrationNames;
};

/** What Prisma's CLI finds wrong with a database, as in `prisma migrate status`. */
async function diagnose(url: string, dir: string) {
  await using started = await startSchemaEngine(url);
  const migrationsList = await migrationList(dir);
  return await started.engine.diagnoseMigrationHistory({
    migrationsList,
    optInToShadowDatabase: false,
    filters: EVERYTHING,
  });
}

test('the table and its rows are those of Prisma', async () => {
  const [ours, theirs] = [await newDatabase(), await newDatabase()];
  await byRunner(ours, migrationsDir);
  await byPrisma(theirs, migrationsDir);

  const columns = `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default, ordinal_position
    FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`;
  const constraints =
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '_prisma_migrations'::regclass ORDER BY 1";
  const rows = `SELECT length(id) AS id, checksum, finished_at >= started_at AS finished, migration_name, logs, rolled_back_at,
    started_at > now() - interval '1 hour' AS started, applied_steps_count FROM _prisma_migrations ORDER BY migration_name`;
  for (const sql of [columns, constraints, rows]) expect(await query(ours, sql)).toEqual(await query(theirs, sql));
  expect(await query(ours, rows)).toHaveLength(2);
});

const orders: Array<[string, string, Deploy, Deploy]> = [
  ['the runner', 'Prisma', byRunner, byPrisma],
  ['Prisma', 'the runner', byPrisma, byRunner],
];

test.each(orders)(
  'after %s there is nothing to do for %s, and each goes on where the other ended',
  async (_first, _second, first, second) => {
    const url = await newDatabase();
    expect(await first(url, olderDir)).toEqual(['20260101000000_a']);
    expect(await second(url, olderDir)).toEqual([]);
    expect(await second(url, migrationsDir)).toEqual(['20260102000000_b']);
    expect(await first(url, migrationsDir)).toEqual([]);
    expect(await diagnose(url, migrationsDir)).toMatchObject({
      editedMigrationNames: [],
      failedMigrationNames: [],
      hasMigrationsTable: true,
      history: null,
    });
  },
);

test('while one of them is at work, the other waits', async () => {
  const url = await newDatabase();
  const dir = path.join(scratch, 'slow');
  await addMigration(dir, '1_slow', 'CREATE TABLE a (); SELECT pg_sleep(0.5);');

  const applied = await Promise.all([byPrisma(url, dir), byRunner(url, dir), byPrisma(url, dir)]);
  expect(applied.flat()).toEqual(['1_slow']);
});

test('a migration that Prisma saw fail stops the runner, and Prisma too, until it is resolved', async () => {
  const url = await newDatabase();
  const dir = path.join(scratch, 'failing');
  await addMigration(dir, '1_bad', 'ALTER TABLE nowhere ADD x int;');
  await expect(byPrisma(url, dir)).rejects.toThrow('nowhere');
  await expect(byRunner(url, dir)).rejects.toThrow(
    /^migration 1_bad failed earlier.*migrate resolve --rolled-back 1_bad/,
  );

  {
    await using started = await startSchemaEngine(url);
    await started.engine.markMigrationRolledBack({ migrationName: '1_bad' });
  }
  await addMigration(dir, '1_bad', 'CREATE TABLE mended ();');
  expect(await byRunner(url, dir)).toEqual(['1_bad']);
  expect(await byPrisma(url, dir)).toEqual([]);
});

test.each(services)('the migrations of the $name make the database that its schema describes', async (service) => {
  const { folder, database } = service;
  const url = await newDatabase();
  await byRunner(url, path.join(folder, 'prisma/migrations'));
  const schema = readFileSync(path.join(folder, 'prisma/schema.prisma'), 'utf8');
  expect(await diffToSchema(url, schema)).toBeUndefined();

  // Each has a table that is called as its database.
  await query(url, `ALTER TABLE ${database} ADD COLUMN unknown_to_prisma int`);
  expect(await diffToSchema(url, schema)).toContain('DROP COLUMN "unknown_to_prisma"');
});

test('npm run new-migration writes what changed in the schema since the last migration', async () => {
  const shop = path.join(scratch, 'shop/prisma');
  await mkdir(shop, { recursive: true });
  const newMigration = async (...args: string[]) => {
    const { stdout, stderr } = await runProgram(process.execPath, [NEW_MIGRATION, ...args], { cwd: scratch });
    return stdout + stderr;
  };
  const setFields = (...fields: string[]) =>
    writeFile(
      path.join(shop, 'schema.prisma'),
      `datasource db {\n  provider = "postgresql"\n}\n\nmodel Book {\n  ${fields.join('\n  ')}\n}\n`,
    );
  const sqlOf = async (name: string) => {
    const folder = (await readdir(path.join(shop, 'migrations'))).find((entry) => entry.endsWith(`_${name}`)) ?? '';
    return readFile(path.join(shop, 'migrations', folder, 'migration.sql'), 'utf8');
  };

  await setFields('id Int @id');
  expect(await newMigration('shop', 'init')).toMatch(/^wrote shop\/prisma\/migrations\/\d{14}_init\/migration.sql\n$/);
  expect(await sqlOf('init')).toContain('CREATE TABLE "Book"');
  await setFields('id Int @id', 'isbn String?');
  await newMigration('shop', 'add_isbn');
  expect(await sqlOf('add_isbn')).toBe('-- AlterTable\nALTER TABLE "Book" ADD COLUMN     "isbn" TEXT;\n');
  expect(await newMigration('shop', 'more')).toContain('the schema is the same');
  expect(await sqlOf('more')).toBe('-- This is an empty migration.\n');
  await setFields('id Int @id');
  expect(await newMigration('shop', 'drop_isbn')).toContain('It deletes data');

  expect(await newMigration('shop')).toContain('usage:');
  expect(await newMigration('shop', 'Add-ISBN')).toContain('usage:');
  expect(await newMigration('nowhere', 'x')).toContain('nowhere/prisma/schema.prisma cannot be read (ENOENT)');
  await setFields('id Int @idd');
  expect(await newMigration('shop', 'x')).toContain('Attribute not known');
});
