import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../src/postgres/test-postgres.js';
import { writeMigration } from '../src/prisma/write-migration.js';

const COMMAND = fileURLToPath(new URL('../dist/prisma/new-migration.js', import.meta.url));
const HEAD =
  'generator client {\n  provider = "prisma-client"\n  output = "x"\n}\n\ndatasource db {\n  provider = "postgresql"\n}\n';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'service-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function schema(...fields: string[]) {
  await mkdir(path.join(root, 'shop/prisma'), { recursive: true });
  const model = `\nmodel Book {\n${fields.map((field) => `  ${field}\n`).join('')}}\n`;
  await writeFile(path.join(root, 'shop/prisma/schema.prisma'), HEAD + model);
}

async function newMigration(name: string, sqlOnly = false, service = 'shop') {
  const scratchUrl = await createTestDatabase(inject('postgresUrl'));
  return writeMigration(path.join(root, service), name, { sqlOnly, scratchUrl });
}

/** The command, which starts a PostgreSQL for itself. */
function command(...args: string[]): Promise<{ status: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, output: stdout + stderr });
    });
  });
}

async function migration(name: string, sql: string) {
  await mkdir(path.join(root, 'shop/prisma/migrations', name), { recursive: true });
  await writeFile(path.join(root, 'shop/prisma/migrations', name, 'migration.sql'), sql);
}

const migrations = async () => (await readdir(path.join(root, 'shop/prisma/migrations'))).sort();
async function sqlOf(suffix: string) {
  const name = (await migrations()).find((entry) => entry.endsWith(suffix)) ?? '';
  return readFile(path.join(root, 'shop/prisma/migrations', name, 'migration.sql'), 'utf8');
}

test('the first migration makes the schema, the next one only what changed since', async () => {
  await schema('id Int @id');
  expect(await command('shop', 'init')).toMatchObject({
    status: 0,
    output: expect.stringMatching(/^wrote .*_init\/migration.sql/),
  });
  expect(await sqlOf('_init')).toContain('CREATE TABLE "Book"');

  await schema('id Int @id', 'isbn String?');
  expect(await newMigration('add_isbn')).toMatchObject({ drops: false });
  expect(await sqlOf('_add_isbn')).toBe('-- AlterTable\nALTER TABLE "Book" ADD COLUMN     "isbn" TEXT;\n');
  expect(await migrations()).toEqual([
    expect.stringMatching(/^\d{14}_init$/),
    expect.stringMatching(/^\d{14}_add_isbn$/),
    'migration_lock.toml',
  ]);

  await schema('id Int @id');
  expect((await command('shop', 'drop_isbn')).output).toContain('It drops something');
});

test('a folder that `prisma migrate dev` made, or a hand, is a migration like any other', async () => {
  await schema('id Int @id', 'isbn String?');
  await migration('20260101000000_by_hand', 'CREATE TABLE "Book" (id int PRIMARY KEY, CHECK (id > 0));');

  await newMigration('add_isbn');
  expect(await sqlOf('_add_isbn')).toBe('-- AlterTable\nALTER TABLE "Book" ADD COLUMN     "isbn" TEXT;\n');
  const folder = (await migrations()).find((entry) => entry.endsWith('_add_isbn')) ?? '';
  expect(await readdir(path.join(root, 'shop/prisma/migrations', folder))).toEqual(['migration.sql']);
});

test('a schema that has not changed makes no migration, unless it is for SQL of your own', async () => {
  await schema('id Int @id');
  await newMigration('init');

  await expect(newMigration('more')).rejects.toThrow('nothing changed');
  await newMigration('more', true);
  expect(await sqlOf('_more')).toMatch(/^-- /);
});

test('a migration comes after the last one whatever the clock says', async () => {
  await schema('id Int @id');
  await migration('29991231235959_init', '-- nothing yet\n');

  await newMigration('next');
  expect(await migrations()).toContain('30000101000000_next');
});

test('what cannot become a migration is refused in words', async () => {
  await schema('id Int @id');
  expect(await command('shop')).toMatchObject({ status: 1, output: expect.stringMatching(/^usage:/) });
  await expect(newMigration('Add-ISBN')).rejects.toThrow('Add-ISBN');
  await expect(newMigration('x', false, 'nowhere')).rejects.toThrow(/schema.prisma cannot be read .*such a service/);
  await migration('20260101000000_broken', 'ALTER TABLE nowhere ADD x int;');
  await expect(newMigration('x')).rejects.toThrow(/^migration 20260101000000_broken failed/);
  await rm(path.join(root, 'shop/prisma/migrations'), { recursive: true });
  await schema('id Int @idd');
  await expect(newMigration('x')).rejects.toThrow('Attribute not known');
});
