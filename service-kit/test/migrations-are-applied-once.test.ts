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
import { migrate } from '../src/migrate/run-migrations.js';

const MAIN = fileURLToPath(new URL('../dist/migrate/main.js', import.meta.url));

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

test.concurrent('a migration that fails leaves nothing, is named, and stops those after it until it is marked rolled back', async () => {
  const url = await createTestDatabase(postgresUrl);
  const bad = 'CREATE TABLE b (); ALTER TABLE nowhere ADD c int;';
  const migrationsDir = await folder('failing', {
    '1_a': 'CREATE TABLE a ();',
    '2_b': bad,
    '3_c': 'CREATE TABLE c ();',
  });
  const tables = () =>
    query(
      url,
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('a', 'b', 'c') ORDER BY 1",
    );

  await expect(migrate({ url, migrationsDir })).rejects.toThrow(/^migration 2_b failed: .*nowhere/);
  expect(await tables()).toEqual([{ tablename: 'a' }]);
  await folder('failing', { '2_b': 'CREATE TABLE b ();' });
  const again = await migrate({ url, migrationsDir }).catch((error: Error) => error);
  expect(again).toMatchObject({
    message: expect.stringMatching(/^migration 2_b failed earlier \(.*nowhere.*\), so nothing/),
  });
  expect(await tables()).toEqual([{ tablename: 'a' }]);

  await query(url, String((again as Error).message.split('run: ')[1]));
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b', '3_c'] });
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
  await holder.query('SELECT pg_advisory_lock(5005150052)');

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

test.concurrent('a server that takes connections and never answers is tried anew, as often as the settings say', async () => {
  const MIGRATIONS_DIR = await folder('silent', { '1_a': 'CREATE TABLE a ();' });
  let tries = 0;
  const silent = net.createServer(() => tries++);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const command = run({
    DATABASE_URL: `postgresql://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}/none`,
    MIGRATIONS_DIR,
    MIGRATE_WAIT_MS: '1000',
    MIGRATE_CONNECT_TIMEOUT_MS: '50',
    MIGRATE_LONGEST_BACKOFF_MS: '50',
  });
  expect(await command.ended).toBe(1);
  silent.close();
  expect(command.output()).toContain('did not answer within 1000 ms');
  expect(tries).toBeGreaterThan(4);
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
    MIGRATE_CONNECT_TIMEOUT_MS: '0',
  });

  expect(await command.ended).toBe(1);
  for (const name of [
    'DATABASE_URL must be',
    'DATABASE_PASSWORD and DATABASE_PASSWORD_FILE are both set',
    'MIGRATIONS_DIR is not set',
    'SERVICE_ROLE must be',
    'SERVICE_ROLE_PASSWORD must be',
    'MIGRATE_WAIT_MS must be',
    'MIGRATE_CONNECT_TIMEOUT_MS must be',
  ]) {
    expect(command.output()).toContain(name);
  }
  expect(command.output()).not.toContain('hunter2');
});

test.concurrent("the service's role has the limits that the settings say", async () => {
  const owner = await createTestDatabase(postgresUrl);
  const MIGRATIONS_DIR = await folder('limits', { '1_a': 'CREATE TABLE a ();' });
  const [SERVICE_ROLE, SERVICE_ROLE_PASSWORD] = ['role_with_limits', 'secret'];
  const command = run({
    DATABASE_URL: owner,
    MIGRATIONS_DIR,
    SERVICE_ROLE,
    SERVICE_ROLE_PASSWORD,
    SERVICE_ROLE_STATEMENT_TIMEOUT_MS: '1234',
    SERVICE_ROLE_IDLE_TRANSACTION_TIMEOUT_MS: '60000',
  });
  expect(await command.ended, command.output()).toBe(0);
  const url = Object.assign(new URL(owner), { username: SERVICE_ROLE, password: SERVICE_ROLE_PASSWORD }).href;
  const limit = async (name: string) => Object.values((await query(url, `SHOW ${name}`))[0] ?? {});
  expect(await limit('statement_timeout')).toEqual(['1234ms']);
  expect(await limit('idle_in_transaction_session_timeout')).toEqual(['1min']);
});

test.concurrent.each(['MIGRATE_WAIT_MS', 'MIGRATE_REFUSAL_GRACE_MS'])(
  'a refused password is reported soon (%s) and printed nowhere',
  async (limit) => {
    const url = new URL(await createTestDatabase(postgresUrl));
    url.password = 'hunter2';
    const MIGRATIONS_DIR = await folder(`refused-${limit}`, { '1_a': 'CREATE TABLE a ();' });
    const command = run({ DATABASE_URL: url.href, MIGRATIONS_DIR, [limit]: '200' });

    expect(await command.ended).toBe(1);
    expect(command.output()).toContain('refuses the connection: password authentication failed');
    expect(command.output()).not.toContain('hunter2');
  },
);

test.concurrent('a password from a file, its newline trimmed, goes before the one in the URL', async () => {
  const url = new URL(await createTestDatabase(postgresUrl));
  const file = path.join(scratch, 'password');
  await writeFile(file, `${decodeURIComponent(url.password)}\n`);
  url.password = 'not-this-one';
  const MIGRATIONS_DIR = await folder('file', { '1_a': 'CREATE TABLE a ();' });
  const command = run({ DATABASE_URL: url.href, DATABASE_PASSWORD_FILE: file, MIGRATIONS_DIR });

  expect(await command.ended, command.output()).toBe(0);
});
