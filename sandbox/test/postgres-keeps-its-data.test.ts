import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';

let scratch: string;
let dataDir: string;
let server: PostgresServer;

/** As `npm start` does it: nothing is given up for speed. */
const start = (more = {}) => startEmbeddedPostgres({ dataDir, ...more });

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-data-'));
  dataDir = path.join(scratch, 'deeper', 'postgres');
  server = await start();
});
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function query(sql: string, url = server.url()): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the server is killed while clients are connected
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end().catch(() => {});
  }
}

test('a new server is PostgreSQL 18, sorts by code point and is safe from power cuts', async () => {
  const [version, collation, fsync, checksums] = await query(
    `SELECT current_setting('server_version_num')::int / 10000, datlocale, current_setting('fsync'),
       current_setting('data_checksums') FROM pg_database WHERE datname = current_database()`,
  );
  expect({ version, collation, fsync, checksums }).toEqual({
    version: 18,
    collation: 'C.UTF-8',
    fsync: 'on',
    checksums: 'on',
  });
});

test('it takes the password kept beside the data for this user alone, and no other', async () => {
  expect(readFileSync(`${dataDir}.password`, 'utf8')).toBe(server.superuser.password);
  expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
  const url = new URL(server.url());
  url.password = 'guessed';
  await expect(query('SELECT 1', url.href)).rejects.toThrow(/password authentication failed/);
});

test('what was committed is there after a restart, and after the server was killed', async () => {
  await query('CREATE TABLE kept (line text)');
  await query(`INSERT INTO kept VALUES ('before a restart')`);
  const { url } = server;
  await server.stop();
  expect(await server.exited).toEqual({ code: 0, signal: null });

  server = await start();
  expect(server.url()).not.toBe(url());
  await query(`INSERT INTO kept VALUES ('before a crash')`);
  process.kill(server.pid, 'SIGKILL');
  expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await server.stop();

  server = await start();
  expect(await query('SELECT line FROM kept')).toEqual(['before a restart', 'before a crash']);
});

test('a killed server starts again on its port while a session of it still computes', async () => {
  const { port } = server;
  const busy = query(`SELECT count(*) FROM generate_series(1, 4000000) a`).catch(() => 'broken off');
  await expect
    .poll(() => query(`SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%generate_series(1%'`), {
      interval: 5,
    })
    .toEqual([2]);
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  server = await start({ port });
  expect(server.port).toBe(port);
  await busy;
});

test('stop ends a suspended server too', async () => {
  process.kill(server.pid, 'SIGSTOP');
  await server.stop();
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

test('settings are passed on and log lines told; a log that grew large is set aside', async () => {
  const lines: string[] = [];
  server = await start({ settings: { work_mem: '7MB' }, onLog: (line: string) => lines.push(line) });
  expect(await query('SHOW work_mem')).toEqual(['7MB']);
  await query(`DO $$ BEGIN RAISE LOG 'hello from %', 'PostgreSQL'; END $$`);
  await query(`DO $$ BEGIN FOR i IN 1..600 LOOP RAISE LOG '%', repeat('x', 10000); END LOOP; END $$`);
  await server.stop();
  expect(lines.join('\n')).toContain('LOG:  hello from PostgreSQL');
  expect(lines.join('\n')).toContain('database system is shut down');

  server = await start();
  expect(statSync(`${dataDir}.log.1`).size).toBeGreaterThan(5 * 1024 * 1024);
  expect(statSync(`${dataDir}.log`).size).toBeLessThan(10_000);
});
