import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';

const COMPILED = new URL('../dist/postgres/embedded-postgres.js', import.meta.url).href;

let scratch: string;
let dataDir: string;
const owners: ChildProcess[] = [];

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-owner-'));
  dataDir = path.join(scratch, 'postgres');
});
afterAll(async () => {
  for (const owner of owners) owner.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const start = () => startEmbeddedPostgres({ dataDir, durable: false });

interface Owner {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly postgres: number;
  readonly url: string;
}

/** A process of its own that starts PostgreSQL, in a process group as a terminal would make it. */
async function startOwner({ first = '', andThen = '' } = {}): Promise<Owner> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(COMPILED)};
    let server;
    ${first}
    try {
      server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
      console.log(JSON.stringify({ postgres: server.pid, url: server.url() }));
      ${andThen}
    } catch (error) {
      console.log(JSON.stringify({ refused: error.message }));
    }`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  owners.push(owner);
  const [line] = await once(owner.stdout, 'data');
  const { refused, ...told } = JSON.parse(String(line));
  if (refused) throw new Error(refused);
  return { process: owner, pid: owner.pid as number, ...told };
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A child of init's that nobody has reaped yet has ended all the same.
    return process.platform !== 'linux' || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const ended = (pid: number) => expect.poll(() => runs(pid), { interval: 10, timeout: 5_000 }).toBe(false);

async function execute(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return (await client.query({ text: sql, rowMode: 'array' }).finally(() => client.end())).rows.flat();
}

/** The shell that would shut PostgreSQL down in its owner's place. */
function leashOf(postgres: number): number {
  const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return Number.parseInt(all.split('\n').find((line) => line.endsWith(` postgres-leash ${postgres}`)) ?? '', 10);
}

test('a killed owner takes its server along', async () => {
  const owner = await startOwner();
  await execute(owner.url, `CREATE TABLE kept AS SELECT 'by the first' AS line`);
  process.kill(owner.pid, 'SIGKILL');
  await ended(owner.postgres);
});

test('a server that is left over all the same is stopped by the next start, and what it committed is there', async () => {
  const owner = await startOwner();
  await execute(owner.url, `INSERT INTO kept VALUES ('by the second')`);
  process.kill(leashOf(owner.postgres), 'SIGKILL');
  process.kill(owner.pid, 'SIGKILL');
  await once(owner.process, 'exit');
  expect(runs(owner.postgres)).toBe(true);

  await using server = await start();
  expect(runs(owner.postgres)).toBe(false);
  expect(await execute(server.url(), 'SELECT line FROM kept')).toEqual(['by the first', 'by the second']);
});

test('as long as the owner lives, even suspended, another start is refused and takes nothing away', async () => {
  const owner = await startOwner();
  await expect(startOwner()).rejects.toThrow(`is in use by process ${owner.pid}:`);
  process.kill(owner.pid, 'SIGSTOP');
  await expect(start()).rejects.toThrow(`is in use by process ${owner.pid}:`);
  expect(await execute(owner.url, 'SELECT 1')).toEqual([1]);
  process.kill(owner.pid, 'SIGKILL');
  await ended(owner.postgres);
});

test('of two that start at the same time one owns the folder', async () => {
  const both = await Promise.allSettled([startOwner(), startOwner()]);
  const [owner, ...more] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(more).toEqual([]);
  if (!owner) throw new Error('neither started');
  expect(both.find((one) => one.status === 'rejected')?.reason.message).toContain(`in use by process ${owner.pid}`);
  process.kill(owner.pid, 'SIGKILL');
  await ended(owner.postgres);
});

test('an owner that simply exits takes its server along', async () => {
  const owner = await startOwner({ andThen: 'process.exit(3);' });
  await once(owner.process, 'exit');
  await ended(owner.postgres);
});

test('Ctrl-C reaches the owner, not the server: that ends when the owner has drained', async () => {
  const owner = await startOwner({
    first: `
      process.once('SIGINT', () => console.log('draining'));
      process.once('SIGTERM', () => server.stop());`,
  });
  process.kill(-owner.pid, 'SIGINT');
  await once(owner.process.stdout as NodeJS.ReadableStream, 'data');
  expect(await execute(owner.url, 'SELECT 1')).toEqual([1]);
  process.kill(owner.pid, 'SIGTERM');
  const [code] = await once(owner.process, 'exit');
  expect(code).toBe(0);
  expect(runs(owner.postgres)).toBe(false);
  expect(readdirSync(scratch).sort()).toEqual(['postgres', 'postgres.log', 'postgres.password']);
});

test('ids that now belong to other processes hold nobody up', async () => {
  // This very process bears the ids of a dead owner, and of its dead server.
  const { host, started } = await ownerFile();
  const stale = `${dataDir}.owner-of-yesterday.json`;
  writeFileSync(stale, JSON.stringify({ pid: process.pid, started: `${started}0`, host }));
  writeFileSync(path.join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n`);
  const silent = `${dataDir}.owner-elsewhere.json`;
  writeFileSync(silent, JSON.stringify({ pid: process.pid, host: 'another-host' }));
  utimesSync(silent, new Date(0), new Date(0));

  await using server = await start();
  expect(await execute(server.url(), 'SELECT 1')).toEqual([1]);
  expect([stale, silent].filter((file) => existsSync(file))).toEqual([]);
});

/** What this process writes when it owns the folder. */
async function ownerFile(): Promise<{ host: string; started?: string }> {
  await using _server = await start();
  const [file] = readdirSync(scratch).filter((name) => name.includes('.owner-'));
  return JSON.parse(readFileSync(path.join(scratch, file as string), 'utf8'));
}
