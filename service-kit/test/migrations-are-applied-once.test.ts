import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../../sandbox/src/postgres/test-postgres.js';
import { pendingMigrations } from '../src/migrate/applied-migrations.js';
import { connectAlone } from '../src/migrate/connect.js';
import { migrate } from '../src/migrate/migrate.js';

const MAIN = fileURLToPath(new URL('../dist/migrate/main.js', import.meta.url));

const SILENT = { info() {}, warn() {} };
const postgresUrl = inject('postgresUrl');
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'migrations-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A folder of migrations `1_a`, `1_b`, … in the order given; the same names again overwrite. */
async function folder(name: string, migrations: Record<string, string>): Promise<string> {
  const dir = path.join(scratch, name);
  for (const [migration, sql] of Object.entries(migrations)) {
    await mkdir(path.join(dir, migration), { recursive: true });
    await writeFile(path.join(dir, migration, 'migration.sql'), sql);
  }
  await writeFile(path.join(dir, 'migration_lock.toml'), 'provider = "postgresql"\n');
  return dir;
}

/** One statement on a connection of its own. */
async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The tables that the migrations of these tests make. */
async function tables(url: string): Promise<string[]> {
  const sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^.$' ORDER BY 1";
  return (await query<{ tablename: string }>(url, sql)).map(({ tablename }) => tablename);
}

/** The command itself, with all that it said on either stream. */
function run(env: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...env } });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) };
}

test.concurrent('what is pending is applied in order, and nothing is left for the next run', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('in-order', { '1_a': 'CREATE TABLE a ();', '2_b': 'ALTER TABLE a ADD b int;' });
  const pending = () => pendingMigrations((sql) => query<{ migration_name: string }>(url, sql), migrationsDir);

  expect(await pending()).toEqual(['1_a', '2_b']);
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['1_a', '2_b'] });
  expect(await pending()).toEqual([]);
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: [] });

  await folder('in-order', { '3_c': 'ALTER TABLE a ADD c int;' });
  expect(await pending()).toEqual(['3_c']);
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['3_c'] });
});

test.concurrent('a migration may hold functions, strings and comments with semicolons', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('semicolons', {
    '1_a': `CREATE TABLE a (text text DEFAULT 'x;y'); -- one; two
      CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$;
      INSERT INTO a DEFAULT VALUES;`,
  });

  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['1_a'] });
  expect(await query(url, 'SELECT text, f() FROM a')).toEqual([{ text: 'x;y', f: 2 }]);
});

test.concurrent('a migration that fails leaves nothing, is named, and stops those after it until it is mended', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('failing', {
    '1_a': 'CREATE TABLE a ();',
    '2_b': 'CREATE TABLE b (); ALTER TABLE nowhere ADD c int;',
    '3_c': 'CREATE TABLE c ();',
  });
  const failure = /^migration 2_b failed: .*nowhere.*; nothing of it is left: mend/;

  await expect(migrate({ url, migrationsDir })).rejects.toThrow(failure);
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(failure);
  expect(await tables(url)).toEqual(['a']);
  expect(await query(url, 'SELECT migration_name FROM _prisma_migrations')).toEqual([{ migration_name: '1_a' }]);

  await folder('failing', { '2_b': 'CREATE TABLE b ();' });
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b', '3_c'] });
});

test.concurrent('a migration that another tool left unfinished stops everything until it is marked rolled back', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('unfinished', { '1_a': 'CREATE TABLE a ();' });
  await migrate({ url, migrationsDir });
  await folder('unfinished', { '2_b': 'CREATE TABLE b ();', '3_c': 'CREATE TABLE c ();' });
  // As `prisma migrate deploy` leaves it when the SQL fails.
  await query(
    url,
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, logs)
     VALUES (gen_random_uuid(), 'x', '2_b', E'ERROR: no such\n   table\n   0: sql_schema_connector::apply')`,
  );

  const failure = await migrate({ url, migrationsDir }).catch((error: Error) => error.message);
  expect(failure).toMatch(/^migration 2_b failed earlier \(ERROR: no such table\), so nothing more is applied/);
  expect(failure).toContain('npx prisma migrate resolve --rolled-back 2_b');
  expect(await tables(url)).toEqual(['a']);

  await query(url, String(failure).split('in SQL: ')[1] ?? '');
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b', '3_c'] });
});

test.concurrent('SQL that may not run in a transaction runs without one, and says so when it stops halfway', async () => {
  const url = await createTestDatabase(postgresUrl);
  const create = 'CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);';
  const migrationsDir = await folder('concurrently', {
    '1_a': create,
    '2_b': 'CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);',
  });

  await expect(migrate({ url, migrationsDir })).rejects.toThrow(/^migration 2_b failed: .*unique.*; undo what it left/);
  const again = await migrate({ url, migrationsDir }).catch((error: Error) => error.message);
  expect(again).toMatch(/^migration 2_b failed earlier \(could not create unique index/);

  await query(url, 'DROP INDEX a_id; DELETE FROM a');
  await query(url, String(again).split('in SQL: ')[1] ?? '');
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b'] });
});

test.concurrent('a script with a transaction of its own is never recorded as finished when it is not', async () => {
  const url = await createTestDatabase(postgresUrl);
  const halfway = { '1_a': 'CREATE TABLE a (); COMMIT; ALTER TABLE nowhere ADD c int;' };
  await expect(migrate({ url, migrationsDir: await folder('own-commit', halfway) })).rejects.toThrow(
    /undo what it left/,
  );
  expect(await tables(url)).toEqual(['a']);

  const undone = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('own-rollback', { '1_a': 'CREATE TABLE a (); ROLLBACK;' });
  await expect(migrate({ url: undone, migrationsDir })).rejects.toThrow('rolls its own transaction back');
  expect(await tables(undone)).toEqual([]);

  const whole = await createTestDatabase(postgresUrl);
  const own = await folder('own-transaction', { '1_a': 'BEGIN; CREATE TABLE a (); COMMIT;' });
  expect(await migrate({ url: whole, migrationsDir: own })).toEqual({ applied: ['1_a'] });
  expect(await migrate({ url: whole, migrationsDir: own })).toEqual({ applied: [] });
});

test.concurrent('a kill in the middle of a migration leaves nothing of it', async ({ expect }) => {
  const url = await createTestDatabase(postgresUrl);
  const MIGRATIONS_DIR = await folder('killed', {
    '1_a': 'CREATE TABLE a ();',
    '2_b': 'CREATE TABLE b (); SELECT pg_sleep(1);',
  });
  const command = run({ DATABASE_URL: url, MIGRATIONS_DIR });
  const asleep = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  await expect.poll(() => query(url, asleep), { timeout: 20_000 }).toHaveLength(1);
  command.child.kill('SIGKILL');
  await command.ended;

  // It waits for the session that PostgreSQL has not noticed to be gone.
  expect(await migrate({ url, migrationsDir: MIGRATIONS_DIR })).toEqual({ applied: ['2_b'] });
  const rows = await query(url, 'SELECT migration_name FROM _prisma_migrations ORDER BY 1');
  expect(rows).toEqual([{ migration_name: '1_a' }, { migration_name: '2_b' }]);
});

test.concurrent('an applied migration that was edited is reported, other line ends are not', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('edited', { '1_a': 'CREATE TABLE a ();\n', '2_b': 'CREATE TABLE b ();\n' });
  await migrate({ url, migrationsDir });

  await folder('edited', { '1_a': 'CREATE TABLE a ();\r\n' });
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: [] });
  await folder('edited', { '1_a': 'CREATE TABLE a (id int);\n', '3_c': 'CREATE TABLE c ();' });
  await expect(migrate({ url, migrationsDir })).rejects.toThrow('migration 1_a was edited after it had been applied');
  expect(await query(url, "SELECT FROM pg_tables WHERE tablename = 'c'")).toHaveLength(0);
});

test.concurrent('a database ahead of an older version is left alone', async () => {
  const url = await createTestDatabase(postgresUrl);
  await migrate({
    url,
    migrationsDir: await folder('newer', { '1_a': 'CREATE TABLE a ();', '2_b': 'CREATE TABLE b ();' }),
  });

  expect(await migrate({ url, migrationsDir: await folder('older', { '1_a': 'CREATE TABLE a ();' }) })).toEqual({
    applied: [],
  });
});

test.concurrent('a folder without migrations does not pass for a database that is up to date', async () => {
  const url = await createTestDatabase(postgresUrl);

  await expect(migrate({ url, migrationsDir: await folder('.', {}).then((dir) => `${dir}/none`) })).rejects.toThrow(
    'ENOENT',
  );
  await mkdir(path.join(scratch, 'empty'));
  await expect(migrate({ url, migrationsDir: path.join(scratch, 'empty') })).rejects.toThrow('holds no migrations');
});

test.concurrent('four replicas that start at once on an empty database all end well', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('replicas', {
    '1_a': 'CREATE TABLE a (id int);',
    '2_b': 'CREATE INDEX CONCURRENTLY a_id ON a (id);', // it would wait for a replica that waits within a statement
    '3_c': 'SELECT pg_sleep(0.3);',
  });
  const serviceRole = { name: `replicas_${process.pid}`, password: 'p4' };

  const runs = await Promise.all([1, 2, 3, 4].map(() => migrate({ url, migrationsDir, serviceRole })));
  expect(runs.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 3]);
});

test.concurrent('a replica gives up waiting for another at its time', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('stuck', { '1_a': 'CREATE TABLE a ();' });
  const holder = new pg.Client(url);
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(72707369)');

  await expect(migrate({ url, migrationsDir, waitMs: 300 })).rejects.toThrow('another migration is still at work');
  await holder.end();
});

test.concurrent('a database that starts late is waited for, in one line', async ({ expect }) => {
  const target = new URL(await createTestDatabase(postgresUrl));
  const reserved = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => reserved.once('listening', resolve));
  const { port } = reserved.address() as AddressInfo;
  await new Promise((resolve) => reserved.close(resolve));
  const late = new URL(target);
  late.host = `127.0.0.1:${port}`;
  const MIGRATIONS_DIR = await folder('late', { '1_a': 'CREATE TABLE a ();' });

  const command = run({ DATABASE_URL: late.href, MIGRATIONS_DIR });
  await expect
    .poll(command.output, { timeout: 20_000 })
    .toContain(`waiting for the database at 127.0.0.1:${port}: connection refused`);
  const proxy = net.createServer((socket) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const end of [socket, upstream]) end.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  });
  proxy.listen(port, '127.0.0.1');
  expect(await command.ended, command.output()).toBe(0);
  proxy.close();
  expect(command.output().match(/waiting for/g)).toHaveLength(1);
  expect(command.output()).toContain('applied 1_a');
});

test.concurrent('a server that takes connections and never answers is tried again', async () => {
  let tries = 0;
  const silent = net.createServer(() => tries++);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `postgresql://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}/none`;
  await expect(connectAlone(url, SILENT, { waitMs: 1000, tryMs: 50 })).rejects.toThrow('was not ready within 1000 ms');
  silent.close();
  expect(tries).toBeGreaterThan(2);
});

test.concurrent('SIGTERM ends a wait at once', async ({ expect }) => {
  const MIGRATIONS_DIR = await folder('stopped', { '1_a': 'CREATE TABLE a ();' });
  const command = run({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', MIGRATIONS_DIR });
  await expect.poll(command.output, { timeout: 20_000 }).toContain('waiting for the database');
  command.child.kill('SIGTERM');
  expect(await command.ended).toBe(1);
  expect(command.output()).toContain('stopped by SIGTERM');
});

test.concurrent('bad variables are named at once and no value is printed', async () => {
  const command = run({
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    DATABASE_PASSWORD: 'hunter2',
    DATABASE_PASSWORD_FILE: '/run/secrets/hunter2',
    SERVICE_ROLE: 'hunter2; DROP',
    SERVICE_ROLE_PASSWORD: 'hunter2€',
    MIGRATE_WAIT_MS: 'hunter2',
  });

  expect(await command.ended).toBe(1);
  for (const name of [
    'DATABASE_URL must be',
    'DATABASE_PASSWORD and DATABASE_PASSWORD_FILE are both set',
    'MIGRATIONS_DIR is not set',
    'SERVICE_ROLE must be',
    'SERVICE_ROLE_PASSWORD must be',
    'MIGRATE_WAIT_MS must be',
  ]) {
    expect(command.output()).toContain(name);
  }
  expect(command.output()).not.toContain('hunter2');
});

test.concurrent('a database whose encoding cannot hold every text is refused in one line', async () => {
  const database = `latin_${process.pid}`;
  await query(
    postgresUrl,
    `CREATE DATABASE ${database} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
  );
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${database}` }).href;
  const migrationsDir = await folder('latin', { '1_a': 'CREATE TABLE a ();' });
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(
    "the database's encoding is LATIN1, and must be UTF8: create it anew with ENCODING 'UTF8'",
  );
  expect(await tables(url)).toEqual([]);
});

test.concurrent('a migration does the same whatever the defaults of the database are', async () => {
  const url = await createTestDatabase(postgresUrl);
  const database = new URL(url).pathname.slice(1);
  await query(
    url,
    `CREATE SCHEMA other; ALTER DATABASE "${database}" SET search_path = other;
     ALTER DATABASE "${database}" SET client_encoding = 'LATIN1'; ALTER DATABASE "${database}" SET DateStyle = 'SQL, DMY'`,
  );
  const migrationsDir = await folder('defaults', {
    '1_a':
      "CREATE TABLE a (name text DEFAULT 'Stanisław', day date DEFAULT '02/01/2026'); INSERT INTO a DEFAULT VALUES;",
  });
  await migrate({ url, migrationsDir });
  expect(await tables(url)).toEqual(['a']);
  const read = 'SELECT length(name) AS length, extract(day FROM day)::int AS day FROM public.a';
  expect(await query(url, read)).toEqual([{ length: 9, day: 1 }]);
});

test.concurrent('a refused password is reported soon and printed nowhere', async () => {
  const url = new URL(await createTestDatabase(postgresUrl));
  url.password = 'hunter2';
  const MIGRATIONS_DIR = await folder('refused', { '1_a': 'CREATE TABLE a ();' });
  const command = run({ DATABASE_URL: url.href, MIGRATIONS_DIR, MIGRATE_WAIT_MS: '200' });

  expect(await command.ended).toBe(1);
  expect(command.output()).toContain('refuses the connection: password authentication failed');
  expect(command.output()).not.toContain('hunter2');
  const started = Date.now();
  const connected = connectAlone(url.href, SILENT, { waitMs: 60_000, refusalMs: 200 });
  await expect(connected).rejects.toThrow('refuses the connection');
  expect(Date.now() - started).toBeLessThan(20_000);
});

test.concurrent('a password from a file, its newline trimmed, goes before the one in the URL', async () => {
  const url = new URL(await createTestDatabase(postgresUrl));
  const file = path.join(scratch, 'password');
  await writeFile(file, `${decodeURIComponent(url.password)}\n`);
  url.password = 'not-this-one';
  const MIGRATIONS_DIR = await folder('file', { '1_a': 'CREATE TABLE a ();' });
  const command = run({ DATABASE_URL: url.href, DATABASE_PASSWORD_FILE: file, MIGRATIONS_DIR });

  expect(await command.ended, command.output()).toBe(0);
});
