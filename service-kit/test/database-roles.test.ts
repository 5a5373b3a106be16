import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { migrate } from '../src/migrate/migrate.js';
import { scramVerifier } from '../src/migrate/service-role.js';

const NOT_ALLOWED = '42501';
const WRONG_PASSWORD = '28P01';

const postgresUrl = inject('postgresUrl');
let scratch: string;
let migrationsDir: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'migrations-'));
  migrationsDir = await folder('now', { '1_books': 'CREATE TABLE books (id serial PRIMARY KEY, title text);' });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function folder(name: string, migrations: Record<string, string>): Promise<string> {
  for (const [migration, sql] of Object.entries(migrations)) {
    await mkdir(path.join(scratch, name, migration), { recursive: true });
    await writeFile(path.join(scratch, name, migration, 'migration.sql'), sql);
  }
  return path.join(scratch, name);
}

interface Role {
  readonly name: string;
  readonly password: string;
}

/** A role of this test: roles belong to the whole server. */
const role = (password: string): Role => ({ name: `role_${randomUUID().replaceAll('-', '')}`, password });

/** The same database as another role. */
function as({ name, password }: Role, url: string): string {
  const other = new URL(url);
  other.username = name;
  other.password = encodeURIComponent(password);
  return other.href;
}

/** The rows of a statement, or the SQLSTATE of its failure. */
async function attempt(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.end();
  }
}
const logsIn = (url: string) => attempt(url, 'SELECT 1 AS one');
const YES = [{ one: 1 }];

/** A database that belongs to a new role with these rights. */
async function ownedDatabase(rights = ''): Promise<string> {
  const url = await createTestDatabase(postgresUrl);
  const owner = role('p1');
  const database = new URL(url).pathname.slice(1);
  await attempt(
    url,
    `CREATE ROLE ${owner.name} LOGIN ${rights} PASSWORD 'p1'; ALTER DATABASE "${database}" OWNER TO ${owner.name}`,
  );
  return as(owner, url);
}

test.concurrent('the service reads and writes the rows of its own database, and may do nothing else', async () => {
  const url = await createTestDatabase(postgresUrl);
  const otherUrl = await createTestDatabase(postgresUrl);
  const [serviceRole, otherRole] = [role('p1'), role('p2')];
  await migrate({ url, migrationsDir, serviceRole });
  await migrate({ url: otherUrl, migrationsDir, serviceRole: otherRole });
  const service = as(serviceRole, url);

  for (const sql of [
    "INSERT INTO books (title) VALUES ('x') RETURNING id",
    'UPDATE books SET title = title RETURNING id',
    'DELETE FROM books RETURNING id',
  ]) {
    expect(await attempt(service, sql)).toEqual([{ id: 1 }]);
  }
  const applied = await attempt(service, 'SELECT migration_name FROM _prisma_migrations');
  expect(applied).toEqual([{ migration_name: '1_books' }]);
  for (const sql of [
    'CREATE TABLE mine ()',
    'CREATE TEMPORARY TABLE mine ()',
    'CREATE SCHEMA mine',
    'ALTER TABLE books ADD isbn text',
    'TRUNCATE books',
    'DROP TABLE books',
    'DELETE FROM _prisma_migrations',
    'CREATE ROLE mine',
    'CREATE DATABASE mine',
  ]) {
    expect([sql, await attempt(service, sql)]).toEqual([sql, NOT_ALLOWED]);
  }
  expect(await logsIn(as(serviceRole, otherUrl))).toBe(NOT_ALLOWED);
  expect(await logsIn(as(otherRole, url))).toBe(NOT_ALLOWED);
});

test.concurrent('the service may use the tables of a later migration', async () => {
  const url = await createTestDatabase(postgresUrl);
  const serviceRole = role('p1');
  const dir = await folder('later', { '1_books': 'CREATE TABLE books (id serial);' });
  await migrate({ url, migrationsDir: dir, serviceRole });
  await folder('later', { '2_shelves': 'CREATE TABLE shelves (id serial);' });
  await migrate({ url, migrationsDir: dir, serviceRole });
  expect(await attempt(as(serviceRole, url), 'INSERT INTO shelves DEFAULT VALUES RETURNING id')).toEqual([{ id: 1 }]);
});

test.concurrent('a rotated secret becomes the password with the next run', async () => {
  const url = await createTestDatabase(postgresUrl);
  const before = role('old password');
  const after = { ...before, password: "n&w '$%41\\ pass" };
  await migrate({ url, migrationsDir, serviceRole: before });
  expect(await logsIn(as(before, url))).toEqual(YES);
  await migrate({ url, migrationsDir, serviceRole: after });
  expect(await logsIn(as(after, url))).toEqual(YES);
  expect(await logsIn(as(before, url))).toBe(WRONG_PASSWORD);
});

test.concurrent('an owner that may not manage roles grants to an existing role, and says how to create a missing one', async () => {
  const url = await ownedDatabase();
  const serviceRole = role('hunter2');
  const failure = await migrate({ url, migrationsDir, serviceRole }).catch((error: Error) => error.message);
  expect(failure).toMatch(/^role role_\w+ is missing .* an administrator must run: CREATE ROLE "role_\w+" LOGIN/);
  expect(failure).not.toContain('hunter2');

  await attempt(postgresUrl, String(failure).split('must run: ')[1]?.replace('…', 'hunter2') ?? '');
  await migrate({ url, migrationsDir, serviceRole });
  expect(await attempt(as(serviceRole, url), 'INSERT INTO books DEFAULT VALUES RETURNING id')).toEqual([{ id: 1 }]);
});

test.concurrent('an owner that may create roles is enough', async () => {
  const url = await ownedDatabase('CREATEROLE');
  const serviceRole = role('p2');
  await migrate({ url, migrationsDir, serviceRole });
  const rotated = { ...serviceRole, password: 'p3' };
  await migrate({ url, migrationsDir, serviceRole: rotated });
  expect(await logsIn(as(rotated, url))).toEqual(YES);
});

test.concurrent('a role with too many rights is refused', async () => {
  const url = await createTestDatabase(postgresUrl);
  const { username: name } = new URL(url);
  for (const rights of ['CREATEDB', `IN ROLE ${name}`]) {
    const serviceRole = role('p1');
    await attempt(url, `CREATE ROLE ${serviceRole.name} LOGIN ${rights}`);
    await expect(migrate({ url, migrationsDir, serviceRole })).rejects.toThrow('may do more than a service needs');
  }
  await expect(migrate({ url, migrationsDir, serviceRole: { name } })).rejects.toThrow('must differ');
});

test.concurrent("the verifier of a password is RFC 7677's", () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  expect(scramVerifier('pencil', salt)).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});
