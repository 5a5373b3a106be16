import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';
import { startThrowAwayPostgres } from '../src/postgres/throw-away-postgres.js';
import { SandboxError } from '../src/sandbox-error.js';
import { createTestDatabase } from '../src/testing/index.js';

const COMPILED = new URL('../dist/postgres/embedded-postgres.js', import.meta.url).href;

let scratch: string;
let dataDir: string;
const owners: ChildProcess[] = [];

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-'));
  dataDir = path.join(scratch, 'deeper/postgres');
});
afterAll(() => {
  for (const owner of owners) owner.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const start = (more = {}) => startEmbeddedPostgres({ dataDir, durable: false, ...more });

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the server is killed while clients are connected
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end().catch(() => {});
  }
}

/** A process of its own that starts PostgreSQL on the folder, in a process group as a terminal makes one. */
async function startOwner(andThen = '') {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(COMPILED)};
    let server;
    process.once('SIGINT', () => console.log('interrupted'));
    process.once('SIGTERM', () => server.stop());
    try {
      server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
      console.log(JSON.stringify({ postgres: server.pid, url: server.url() }));
      ${andThen}
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }));
    }`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  owners.push(owner);
  const [line] = await once(owner.stdout, 'data');
  const { error, ...started } = JSON.parse(String(line)) as { error?: string; postgres: number; url: string };
  if (error) throw new Error(error);
  return { process: owner, pid: owner.pid as number, ...started };
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended may still be listed until its parent asks for its status.
    return process.platform !== 'linux' || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const ended = (pid: number) => expect.poll(() => runs(pid), { interval: 10, timeout: 5_000 }).toBe(false);

describe('the data', () => {
  test('a new server is PostgreSQL 18, sorts by code point, is safe from power cuts, and takes its own password only', async () => {
    await using server = await start({ durable: true });
    const settings = await query(
      server.url(),
      `SELECT current_setting('server_version_num')::int / 10000, datlocale, current_setting('fsync'),
       current_setting('data_checksums') FROM pg_database WHERE datname = current_database()`,
    );
    expect(settings).toEqual([18, 'C.UTF-8', 'on', 'on']);

    expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
    const url = new URL(server.url());
    url.password = 'guessed';
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  test('what was committed is there after a restart, and after the server was killed', async () => {
    const first = await start({ settings: { work_mem: '7MB' } });
    expect(await query(first.url(), 'SHOW work_mem')).toEqual(['7MB']);
    await query(first.url(), `CREATE TABLE kept AS SELECT 'before a restart' AS line`);
    await first.stop();

    const second = await start();
    await query(second.url(), `INSERT INTO kept VALUES ('before a crash')`);
    process.kill(second.pid, 'SIGKILL');
    await second.exited;

    await using third = await start();
    expect(await query(third.url(), 'SELECT line FROM kept')).toEqual(['before a restart', 'before a crash']);
  });

  test('a killed server starts again on its port while a session of it still computes', async () => {
    const { port, url, pid, exited } = await start();
    const busy = query(url(), `SELECT count(*) FROM generate_series(1, 8000000) a`).catch(() => 'broken off');
    await expect
      .poll(() => query(url(), `SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%generate_series(1%'`), {
        interval: 5,
      })
      .toEqual([2]);
    process.kill(pid, 'SIGKILL');
    await exited;
    await using server = await start({ port });
    expect(server.port).toBe(port);
    await busy;
  });
});

describe('the process that started it', () => {
  test('Ctrl-C does not reach the server, which ends when its owner stops it', async () => {
    const owner = await startOwner();
    process.kill(-owner.pid, 'SIGINT');
    await once(owner.process.stdout as NodeJS.ReadableStream, 'data');
    expect(await query(owner.url, 'SELECT 1')).toEqual([1]);
    process.kill(owner.pid, 'SIGTERM');
    expect(await once(owner.process, 'exit')).toEqual([0, null]);
    expect(runs(owner.postgres)).toBe(false);
    expect(readdirSync(path.dirname(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'postgres.password']);
  });

  test('the server ends when its owner exits, or is killed', async () => {
    const exits = await startOwner('process.exit(3)');
    await ended(exits.postgres);
    const killed = await startOwner();
    process.kill(killed.pid, 'SIGKILL');
    await once(killed.process, 'exit');
    // This start waits for that end.
    await using _server = await start();
    expect(runs(killed.postgres)).toBe(false);
  });

  test('a server whose owner and watchdog were killed is ended by the next start, and keeps what it committed', async () => {
    const owner = await startOwner();
    await query(owner.url, `INSERT INTO kept VALUES ('by the killed one')`);
    const processes = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    const watchdog = processes.find((line) => line.endsWith(` postgres-watchdog ${owner.postgres}`)) ?? '';
    process.kill(Number.parseInt(watchdog, 10), 'SIGKILL');
    process.kill(owner.pid, 'SIGKILL');
    await once(owner.process, 'exit');
    expect(runs(owner.postgres)).toBe(true);

    await using server = await start();
    expect(runs(owner.postgres)).toBe(false);
    expect(await query(server.url(), 'SELECT line FROM kept')).toContain('by the killed one');
  });

  test('as long as it runs, even suspended, another start fails with its id and does no harm', async () => {
    const owner = await startOwner();
    await expect(startOwner()).rejects.toThrow(`is in use by process ${owner.pid}:`);
    process.kill(owner.pid, 'SIGSTOP');
    await expect(start()).rejects.toThrow(`is in use by process ${owner.pid}:`);
    expect(await query(owner.url, 'SELECT 1')).toEqual([1]);
    process.kill(owner.pid, 'SIGKILL');
    await ended(owner.postgres);
  });

  test('of two that start at the same time, one fails with the id of the other', async () => {
    const both = await Promise.allSettled([startOwner(), startOwner()]);
    const started = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const errors = both.flatMap((one) => (one.status === 'rejected' ? [one.reason.message] : []));
    expect(errors).toEqual([expect.stringContaining(`in use by process ${started[0]?.pid}:`)]);
    process.kill(started[0]?.pid as number, 'SIGKILL');
    await ended(started[0]?.postgres as number);
  });

  test('the id of a dead server may belong to another process', async () => {
    writeFileSync(path.join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n`);
    await using server = await start();
    expect(await query(server.url(), 'SELECT 1')).toEqual([1]);
  });
});

describe('a start that cannot succeed fails with one line', () => {
  async function failure(folder: string, more = {}): Promise<string> {
    const error = await start({ dataDir: folder, ...more }).then(
      () => expect.unreachable('it started'),
      (refused: Error) => refused,
    );
    expect(error).toBeInstanceOf(SandboxError);
    expect(error.message).not.toContain('\n');
    return error.message;
  }

  test('a folder that cannot be written', async () => {
    const file = path.join(scratch, 'file');
    writeFileSync(file, '');
    expect(await failure(file)).toContain(`cannot keep its data in ${file}`);
    expect(await failure(path.join(file, 'below'))).toContain(`cannot keep its data in ${file}/below`);
    // Not even root makes folders in there.
    if (process.platform === 'linux') expect(await failure('/sys/kernel/bookstore/postgres')).toContain('/sys/kernel/');
  });

  test('a folder with other files, which stay', async () => {
    const photos = path.join(scratch, 'photos');
    mkdirSync(photos);
    writeFileSync(path.join(photos, 'cat.jpg'), '');
    expect(await failure(photos)).toMatch(/not empty/);
    expect(existsSync(path.join(photos, 'cat.jpg'))).toBe(true);
  });

  test('a bad setting, and data of another version', async () => {
    const message = await failure(dataDir, { settings: { wal_level: 'nonsense' } });
    expect(message).toContain('invalid value for parameter "wal_level": "nonsense"');
    expect(message).toContain(`${dataDir}.log`);
    writeFileSync(path.join(dataDir, 'PG_VERSION'), '17\n');
    expect(await failure(dataDir)).toMatch(/initialized by PostgreSQL version 17/);
  });
});

test('a throw-away server is gone when stopped; each test has a database of its own', async () => {
  const server = await startThrowAwayPostgres();
  try {
    const [a, b] = [await createTestDatabase(server.url()), await createTestDatabase(server.url())];
    await query(a, 'CREATE TABLE mine (id int)');
    expect(await query(b, `SELECT to_regclass('mine')`)).toEqual([null]);
    expect(await query(server.url(), 'SHOW synchronous_commit')).toEqual(['on']);
  } finally {
    await server.stop();
  }
  await expect(query(server.url(), 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});
