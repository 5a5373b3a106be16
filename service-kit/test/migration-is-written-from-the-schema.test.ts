import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const COMMAND = fileURLToPath(new URL('../dist/migrate/new-migration.js', import.meta.url));
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

function newMigration(...args: string[]): Promise<{ status: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, output: stdout + stderr });
    });
  });
}

const migrations = async () => (await readdir(path.join(root, 'shop/prisma/migrations'))).sort();
async function sqlOf(suffix: string) {
  const name = (await migrations()).find((entry) => entry.endsWith(suffix)) ?? '';
  return readFile(path.join(root, 'shop/prisma/migrations', name, 'migration.sql'), 'utf8');
}

test('the first migration makes the schema, the next one only what changed since, without a database', async () => {
  await schema('id Int @id');
  expect(await newMigration('shop', 'init')).toMatchObject({
    status: 0,
    output: expect.stringMatching(/^wrote .*_init\/migration.sql/),
  });
  expect(await sqlOf('_init')).toContain('CREATE TABLE "Book"');

  await schema('id Int @id', 'isbn String?');
  expect(await newMigration('shop', 'add_isbn')).toMatchObject({ status: 0 });
  expect(await sqlOf('_add_isbn')).toBe('-- AlterTable\nALTER TABLE "Book" ADD COLUMN     "isbn" TEXT;\n');
  expect(await migrations()).toEqual([
    expect.stringMatching(/^\d{14}_init$/),
    expect.stringMatching(/^\d{14}_add_isbn$/),
    'migration_lock.toml',
  ]);

  await schema('id Int @id');
  expect((await newMigration('shop', 'drop_isbn')).output).toContain('It drops something');
});

test('a schema that has not changed makes no migration, unless it is for SQL of your own', async () => {
  await schema('id Int @id');
  await newMigration('shop', 'init');

  expect(await newMigration('shop', 'more')).toMatchObject({
    status: 1,
    output: expect.stringContaining('nothing changed'),
  });
  expect(await newMigration('shop', 'more', '--sql-only')).toMatchObject({ status: 0 });
  expect(await sqlOf('_more')).toMatch(/^-- /);
});

test('a migration comes after the last one whatever the clock says', async () => {
  await schema('id Int @id');
  const last = path.join(root, 'shop/prisma/migrations/29991231235959_init');
  await mkdir(last, { recursive: true });
  await writeFile(path.join(last, 'schema.prisma.snapshot'), HEAD);

  expect(await newMigration('shop', 'next')).toMatchObject({ status: 0 });
  expect(await migrations()).toContain('30000101000000_next');
});

test('what cannot become a migration is refused in words', async () => {
  await schema('id Int @id');
  expect(await newMigration('shop')).toMatchObject({ status: 1, output: expect.stringContaining('usage:') });
  expect(await newMigration('shop', 'Add-ISBN')).toMatchObject({
    status: 1,
    output: expect.stringContaining('Add-ISBN'),
  });
  expect(await newMigration('nowhere', 'x')).toMatchObject({
    status: 1,
    output: expect.stringContaining('schema.prisma'),
  });
  await schema('id Int @idd');
  expect(await newMigration('shop', 'x')).toMatchObject({
    status: 1,
    output: expect.stringContaining('Attribute not known'),
  });
});
