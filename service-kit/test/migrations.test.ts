import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, query } from '@bookstore/sandbox';
import { createTestDatabase } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { SESSION_OPTIONS } from '../src/database/session.js';
import { migrate, pendingMigrations } from '../src/migrate/migrate.js';

const MAIN = fileURLToPath(new URL('../dist/migrate/main.js', import.meta.url));
const postgresUrl = inject('postgresUrl');
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'migrations-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A folder of migrations; the same names again overwrite. */
async function folder(name: string, migrations: Record<string, string>): Promise<string> {
  const dir = path.join(scratch, name);
  for (const [migration, sql] of Object.entries(migrations)) {
    await mkdir(path.join(dir, migration), { recursive: true });
    await writeFile(path.join(dir, migration, 'migration.sql'), sql);
  }
  await writeFile(path.join(dir, 'migration_lock.toml'), 'provider = "postgresql"\n');
  return dir;
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: SESSION_OPTIONS });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The tables of these migrations. */
async function tables(url: string): Promise<string[]> {
  const sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^.$' ORDER BY 1";
  return (await query(url, sql)).map(({ tablename }) => tablename);
}

/** The program itself, with its output. */
function run(args: string[], env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output: () => output, ended };
}

test.concurrent('pending migrations are applied in order, once', async () => {
  const url = await createTestDatabase(postgresUrl);
  const dir = await folder('in-order', {
    '1_a': `CREATE TABLE a (text text DEFAULT 'x;y'); -- one; two
      CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$;`,
    '2_b': 'ALTER TABLE a ADD b int;',
  });
  const pending = () => withClient(url, (client) => pendingMigrations(client, dir));

  expect(await pending()).toEqual(['1_a', '2_b']);
  expect(await migrate({ url, migrationsDir: dir })).toEqual({ applied: ['1_a', '2_b'] });
  expect(await pending()).toEqual([]);
  expect(await migrate({ url, migrationsDir: dir })).toEqual({ applied: [] });

  await folder('in-order', { '3_c': 'ALTER TABLE a ADD c int;' });
  expect(await pending()).toEqual(['3_c']);
  expect(await migrate({ url, migrationsDir: dir })).toEqual({ applied: ['3_c'] });
});

test.concurrent('a migration that fails leaves nothing, is named, and stops those after it until it is fixed', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('failing', {
    '1_a': 'CREATE TABLE a ();',
    '2_b': 'CREATE TABLE b (); ALTER TABLE nowhere ADD c int;',
    '3_c': 'CREATE TABLE c ();',
  });
  const failure = /^migration 2_b failed: .*nowhere.*; fix its migration.sql/;
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(failure);
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(failure);
  expect(await tables(url)).toEqual(['a']);
  expect(await query(url, 'SELECT migration_name FROM _prisma_migrations')).toEqual([{ migration_name: '1_a' }]);

  await folder('failing', { '2_b': 'CREATE TABLE b ();' });
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b', '3_c'] });
});

test.concurrent('a migration that another tool left unfinished stops everything until it is marked as rolled back', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('unfinished', { '1_a': 'CREATE TABLE a ();' });
  await migrate({ url, migrationsDir });
  await folder('unfinished', { '2_b': 'CREATE TABLE b ();' });
  // As `prisma migrate deploy` leaves it when the SQL fails.
  await query(
    url,
    "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (gen_random_uuid(), 'x', '2_b')",
  );
  const remedy = 'npx prisma migrate resolve --rolled-back 2_b';
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(
    new RegExp(`^migration 2_b failed earlier, so nothing more is applied: .* ${remedy}$`),
  );
  expect(await tables(url)).toEqual(['a']);

  await query(url, "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '2_b'");
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b'] });
});

test.concurrent('a script that rolls its own transaction back is not recorded', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('own-rollback', { '1_a': 'CREATE TABLE a (); ROLLBACK;' });
  await expect(migrate({ url, migrationsDir })).rejects.toThrow('rolls its own transaction back');
  expect(await tables(url)).toEqual([]);
});

test.concurrent('a script that fails after a COMMIT of its own is one to undo', async () => {
  const url = await createTestDatabase(postgresUrl);
  const sql = 'CREATE TABLE a (); COMMIT; ALTER TABLE nowhere ADD b int;';
  const migrationsDir = await folder('own-commit', { '1_a': sql });
  await expect(migrate({ url, migrationsDir })).rejects.toThrow(
    /^migration 1_a failed: .*; undo what it left and run npx prisma migrate resolve --rolled-back 1_a$/,
  );
  expect(await tables(url)).toEqual(['a']);
});

test.concurrent('a kill in the middle of a migration leaves nothing of it', async ({ expect }) => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('killed', {
    '1_a': 'CREATE TABLE a ();',
    '2_b': 'CREATE TABLE b (); SELECT pg_sleep(3);',
  });
  const program = run([migrationsDir], { DATABASE_URL: url });
  const asleep = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  await expect.poll(() => query(url, asleep), { timeout: 20_000 }).toHaveLength(1);
  program.child.kill('SIGKILL');
  await program.ended;
  // It waits for the session, which PostgreSQL ends a little later.
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: ['2_b'] });
});

test.concurrent('an applied migration that was edited is reported; other line ends are not an edit', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('edited', { '1_a': 'CREATE TABLE a ();\n', '2_b': 'CREATE TABLE b ();\n' });
  await migrate({ url, migrationsDir });
  await folder('edited', { '1_a': 'CREATE TABLE a ();\r\n' });
  expect(await migrate({ url, migrationsDir })).toEqual({ applied: [] });
  await folder('edited', { '1_a': 'CREATE TABLE a (id int);\n', '3_c': 'CREATE TABLE c ();' });
  await expect(migrate({ url, migrationsDir })).rejects.toThrow('migration 1_a was edited after it had been applied');
  expect(await tables(url)).toEqual(['a', 'b']);
});

test.concurrent('an older version leaves a newer database as it is', async () => {
  const url = await createTestDatabase(postgresUrl);
  const newer = await folder('newer', { '1_a': 'CREATE TABLE a ();', '2_b': 'CREATE TABLE b ();' });
  await migrate({ url, migrationsDir: newer });
  const older = await folder('older', { '1_a': 'CREATE TABLE a ();' });
  expect(await migrate({ url, migrationsDir: older })).toEqual({ applied: [] });
});

test.concurrent('a folder without migrations is an error', async () => {
  await expect(migrate({ url: postgresUrl, migrationsDir: path.join(scratch, 'none') })).rejects.toThrow('ENOENT');
  const empty = await folder('.', {});
  await mkdir(path.join(empty, 'empty'));
  await expect(migrate({ url: postgresUrl, migrationsDir: `${empty}/empty` })).rejects.toThrow('has no migrations');
});

test.concurrent('four replicas that start at once apply each migration once', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('replicas', { '1_a': 'CREATE TABLE a ();', '2_b': 'SELECT pg_sleep(0.3);' });
  const serviceRole = { name: `replicas_${process.pid}`, password: 'p4' };
  const runs = await Promise.all([1, 2, 3, 4].map(() => migrate({ url, migrationsDir, serviceRole })));
  expect(runs.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 2]);
});

test.concurrent('the wait for another migration has a limit', async () => {
  const url = await createTestDatabase(postgresUrl);
  const migrationsDir = await folder('stuck', { '1_a': 'CREATE TABLE a ();' });
  await withClient(url, async (holder) => {
    await holder.query('SELECT pg_advisory_lock(72707369)');
    await expect(migrate({ url, migrationsDir, waitMs: 2_000 })).rejects.toThrow('another migration is running');
  });
});

test.concurrent('a database whose encoding cannot store every text is refused in one line', async () => {
  const url = new URL(await createTestDatabase(postgresUrl));
  const name = `latin_${process.pid}`;
  await withClient(url.href, (client) =>
    client.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`),
  );
  url.pathname = `/${name}`;
  const migrationsDir = await folder('latin', { '1_a': 'CREATE TABLE a ();' });
  await expect(migrate({ url: url.href, migrationsDir })).rejects.toThrow(
    "the database's encoding is LATIN1, and must be UTF8",
  );
});

test.concurrent('a database that starts late is waited for, in one line', async ({ expect }) => {
  const target = new URL(await createTestDatabase(postgresUrl));
  const port = await freePort();
  const late = new URL(target);
  late.host = `127.0.0.1:${port}`;
  const migrationsDir = await folder('late', { '1_a': 'CREATE TABLE a ();' });
  const program = run([migrationsDir], { DATABASE_URL: late.href });
  await expect.poll(program.output, { timeout: 20_000 }).toContain(`waiting for the database at 127.0.0.1:${port}: `);
  const proxy = net.createServer((socket) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const end of [socket, upstream]) end.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  });
  proxy.listen(port, '127.0.0.1');
  expect(await program.ended, program.output()).toBe(0);
  proxy.close();
  expect(program.output().match(/waiting for/g)).toHaveLength(1);
  expect(program.output()).toContain('applied 1_a');
});

test.concurrent('a server that accepts connections and never answers is given up', async () => {
  const silent = net.createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `postgresql://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}/none`;
  const migrationsDir = await folder('silent', { '1_a': 'CREATE TABLE a ();' });
  await expect(migrate({ url, migrationsDir, waitMs: 300 })).rejects.toThrow('was not ready within 300 ms');
  silent.close();
});

test.concurrent('a refused password is in the log at once, its value is not, and SIGTERM ends the wait', async ({
  expect,
}) => {
  const url = new URL(await createTestDatabase(postgresUrl));
  url.password = 'hunter2';
  const migrationsDir = await folder('refused', { '1_a': 'CREATE TABLE a ();' });
  const program = run([migrationsDir], { DATABASE_URL: url.href });
  await expect.poll(program.output, { timeout: 20_000 }).toContain('password authentication failed');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain('stopped by SIGTERM');
  expect(program.output()).not.toContain('hunter2');
});

test.concurrent('bad variables are named at once, without their values', async () => {
  const program = run(['dir'], {
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    DATABASE_PASSWORD: 'hunter2',
    DATABASE_PASSWORD_FILE: '/run/secrets/hunter2',
    SERVICE_ROLE_PASSWORD: 'hunter2€',
  });
  expect(await program.ended).toBe(1);
  for (const problem of [
    'DATABASE_URL must be',
    'DATABASE_PASSWORD and DATABASE_PASSWORD_FILE are both set',
    'SERVICE_ROLE_PASSWORD must be',
  ]) {
    expect(program.output()).toContain(problem);
  }
  expect(program.output()).not.toContain('hunter2');
});

test.concurrent('the defaults of the database do not change a migration', async () => {
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
  const read = 'SELECT length(name) AS length, extract(day FROM day)::int AS day FROM public.a';
  expect(await query(url, read)).toEqual([{ length: 9, day: 1 }]);
});

test.concurrent('the password of a file is used instead of the one in the URL', async () => {
  const url = new URL(await createTestDatabase(postgresUrl));
  const file = path.join(scratch, 'password');
  await writeFile(file, `${decodeURIComponent(url.password)}\n`);
  url.password = 'not-this-one';
  const migrationsDir = await folder('file', { '1_a': 'CREATE TABLE a ();' });
  const program = run([migrationsDir], { DATABASE_URL: url.href, DATABASE_PASSWORD_FILE: file });
  expect(await program.ended, program.output()).toBe(0);
});
