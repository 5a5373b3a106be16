import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../../sandbox/src/postgres/test-postgres.js';
import { migrate } from '../src/migrate/migrate.js';
import { scramVerifier } from '../src/migrate/service-role.js';

const postgresUrl = inject('postgresUrl');
let scratch: string;
let migrationsDir: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'migrations-'));
  migrationsDir = path.join(scratch, 'now');
  await addMigration(migrationsDir, '1_books', 'CREATE TABLE books (id serial PRIMARY KEY, title text);');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function addMigration(dir: string, name: string, sql: string) {
  await mkdir(path.join(dir, name), { recursive: true });
  await writeFile(path.join(dir, name, 'migration.sql'), sql);
}

/** A role that no other test has, roles being the whole server's. */
const role = (password: string) => ({ name: `role_${randomUUID().replaceAll('-', '')}`, password });

/** The same database, as somebody else. */
function as({ name, password }: { name: string; password: string }, url: string): string {
  const other = new URL(url);
  other.username = name;
  other.password = encodeURIComponent(password);
  return other.href;
}

/** What a statement gives, or the SQLSTATE of its failure. */
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

const NOT_ALLOWED = '42501';
const WRONG_PASSWORD = '28P01';

test.concurrent('the service reads and writes rows, of its own database only, within its time limits', async () => {
  const url = await createTestDatabase(postgresUrl);
  const elsewhere = await createTestDatabase(postgresUrl);
  const serviceRole = role('p1');
  const neighbour = role('p2');
  await migrate({ url, migrationsDir, serviceRole });
  await migrate({ url: elsewhere, migrationsDir, serviceRole: neighbour });
  const service = as(serviceRole, url);

  expect(await attempt(service, "INSERT INTO books (title) VALUES ('x') RETURNING id")).toEqual([{ id: 1 }]);
  expect(await attempt(service, 'UPDATE books SET title = title RETURNING id')).toEqual([{ id: 1 }]);
  expect(await attempt(service, 'DELETE FROM books RETURNING id')).toEqual([{ id: 1 }]);
  expect(await attempt(service, 'SELECT migration_name FROM _prisma_migrations')).toEqual([
    { migration_name: '1_books' },
  ]);
  expect(await attempt(service, 'SHOW statement_timeout')).toEqual([{ statement_timeout: '2s' }]);
  expect(await attempt(service, 'SHOW idle_in_transaction_session_timeout')).toEqual([
    { idle_in_transaction_session_timeout: '10s' },
  ]);
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
  expect(await attempt(as(serviceRole, elsewhere), 'SELECT 1')).toBe(NOT_ALLOWED);
  expect(await attempt(as(neighbour, url), 'SELECT 1')).toBe(NOT_ALLOWED);
});

test.concurrent("a later migration's tables are the service's too", async () => {
  const url = await createTestDatabase(postgresUrl);
  const serviceRole = role('p1');
  await migrate({ url, migrationsDir, serviceRole });
  const later = path.join(scratch, 'later');
  await cp(migrationsDir, later, { recursive: true });
  await addMigration(later, '2_shelves', 'CREATE TABLE shelves (id serial);');

  expect(await migrate({ url, migrationsDir: later, serviceRole })).toEqual({ applied: ['2_shelves'] });
  expect(await attempt(as(serviceRole, url), 'INSERT INTO shelves DEFAULT VALUES RETURNING id')).toEqual([{ id: 1 }]);
});

test.concurrent('a rotated secret becomes the password with the next run', async () => {
  const url = await createTestDatabase(postgresUrl);
  const before = role('old password');
  const after = { ...before, password: "n&w '$%41\\ pass" };
  await migrate({ url, migrationsDir, serviceRole: before });
  expect(await attempt(as(before, url), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

  await migrate({ url, migrationsDir, serviceRole: after });
  expect(await attempt(as(after, url), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(await attempt(as(before, url), 'SELECT 1 AS one')).toBe(WRONG_PASSWORD);
});

test.concurrent('two databases whose services share a role may migrate at once', async () => {
  const urls = [await createTestDatabase(postgresUrl), await createTestDatabase(postgresUrl)];
  const serviceRole = role('p1');

  await Promise.all(urls.map((url) => migrate({ url, migrationsDir, serviceRole })));
  for (const url of urls) expect(await attempt(as(serviceRole, url), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test.concurrent('an owner that may not manage roles grants to one that is there, and says what to run when it is not', async () => {
  const url = await createTestDatabase(postgresUrl);
  const owner = role('p1');
  const database = new URL(url).pathname.slice(1);
  await attempt(
    url,
    `CREATE ROLE ${owner.name} LOGIN PASSWORD 'p1'; ALTER DATABASE "${database}" OWNER TO ${owner.name}`,
  );
  const serviceRole = role('hunter2');

  const failure = await migrate({ url: as(owner, url), migrationsDir, serviceRole }).catch(
    (error: Error) => error.message,
  );
  expect(failure).toMatch(/^role role_\w+ is missing .* an administrator must run: CREATE ROLE "role_\w+" LOGIN/);
  expect(failure).not.toContain('hunter2');

  await attempt(url, String(failure).split('must run: ')[1]?.replace('…', 'hunter2') ?? '');
  await migrate({ url: as(owner, url), migrationsDir, serviceRole });
  expect(await attempt(as(serviceRole, url), 'INSERT INTO books DEFAULT VALUES RETURNING id')).toEqual([{ id: 1 }]);
});

test.concurrent('an owner that may create roles, without being a superuser, is enough', async () => {
  const url = await createTestDatabase(postgresUrl);
  const owner = role('p1');
  const database = new URL(url).pathname.slice(1);
  await attempt(
    url,
    `CREATE ROLE ${owner.name} LOGIN CREATEROLE PASSWORD 'p1'; ALTER DATABASE "${database}" OWNER TO ${owner.name}`,
  );
  const serviceRole = role('p2');

  await migrate({ url: as(owner, url), migrationsDir, serviceRole });
  await migrate({ url: as(owner, url), migrationsDir, serviceRole: { ...serviceRole, password: 'p3' } });
  expect(await attempt(as({ ...serviceRole, password: 'p3' }, url), 'SHOW statement_timeout')).toEqual([
    { statement_timeout: '2s' },
  ]);
});

test.concurrent('a role that can do more than log in loses it', async () => {
  const url = await createTestDatabase(postgresUrl);
  const mighty = role('p1');
  await attempt(url, `CREATE ROLE ${mighty.name} SUPERUSER CREATEDB CREATEROLE`);

  await migrate({ url, migrationsDir, serviceRole: mighty });
  expect(
    await attempt(
      url,
      `SELECT rolsuper, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = '${mighty.name}'`,
    ),
  ).toEqual([{ rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolcanlogin: true }]);
});

test.concurrent('the service may not be the role that migrates', async () => {
  const url = await createTestDatabase(postgresUrl);
  const name = new URL(url).username;

  await expect(migrate({ url, migrationsDir, serviceRole: { name, password: 'p1' } })).rejects.toThrow('must differ');
});

test.concurrent("a password's verifier is the one PostgreSQL would have stored", () => {
  // RFC 7677's example.
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  expect(scramVerifier('pencil', salt)).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});
