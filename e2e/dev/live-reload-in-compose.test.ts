import { randomUUID } from 'node:crypto';
import { freePort, until } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ComposeStack } from '../chaos/src/bookstore/compose-stack.js';
import { type Bookstore, connect } from '../src/client/connect.js';
import { inspectAll } from '../src/compose/containers.js';
import { outputOf } from '../src/process/output-of.js';
import { RunningProgram } from '../src/process/running-program.js';
import { AUTHOR, addColumn, edit, expectToCreate, notFoundMessage } from './edits.js';

/** The first time, each image takes what npm has to bring. */
const BUILD = { timeout: 600_000 };
const LIMIT = { timeout: 60_000 };
const TAG = `e2e-${randomUUID()}`;

let copy: WorkTreeCopy;
let stack: ComposeStack;
let up: RunningProgram;
let client: Bookstore;
let inspectPort: number;

beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  inspectPort = await freePort();
  stack = await ComposeStack.in(copy.folder, {
    COMPOSE_FILE: 'compose.yaml:compose.dev.yaml',
    COMPOSE_PATH_SEPARATOR: ':',
    IMAGE_PREFIX: 'bookstore',
    IMAGE_TAG: TAG,
    AUTHOR_INSPECT_PORT: String(inspectPort),
    BOOK_INSPECT_PORT: String(await freePort()),
  });
  await stack.compose('build');
  client = connect(stack);
  await start();
}, BUILD.timeout);
afterAll(async () => {
  client?.close();
  await up?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  const images = ['author-service', 'author-migrate', 'book-service', 'book-migrate'];
  await outputOf(['docker', 'image', 'rm', ...images.map((name) => `bookstore/${name}-dev:${TAG}`)]);
  await copy?.[Symbol.asyncDispose]();
});

async function start() {
  up = new RunningProgram(['docker', 'compose', 'up', '--force-recreate', '--watch'], stack);
  await up.prints('Watch enabled');
  await until('the author service answers', BUILD.timeout, async () => (await message()).includes('the id'));
}

const message = () => notFoundMessage(client);

// In this order: each test goes on where the one before has ended.
test('a saved line is served, without a new container', async () => {
  const savedAt = performance.now();
  await edit(copy.folder, AUTHOR, '`no author has', '`nobody has');
  await expect.poll(message, LIMIT).toContain('nobody has the id');
  console.log(`live reload in compose: from saving to serving ${((performance.now() - savedAt) / 1000).toFixed(1)} s`);
  expect(up.stdout).not.toContain('recreated');
});

test('a type error is shown, and the old code serves until it is corrected', async () => {
  up.forget();
  await edit(copy.folder, AUTHOR, "'AUTHOR_NOT_FOUND'", '404');
  await up.prints('error TS');
  expect(await message()).toContain('nobody has the id');
  await edit(copy.folder, AUTHOR, '`nobody has', '`no such author has');
  await edit(copy.folder, AUTHOR, '404', "'AUTHOR_NOT_FOUND'");
  await expect.poll(message, LIMIT).toContain('no such author has the id');
});

test('a debugger on this machine attaches to the service', async () => {
  const targets: unknown = await (await fetch(`http://127.0.0.1:${inspectPort}/json`)).json();
  expect((targets as unknown[])[0]).toMatchObject({ type: 'node', url: 'file:///app/author-service/dist/main.js' });
  const [container] = await inspectAll(stack.project, 'author-service');
  const published = container?.NetworkSettings.Ports['9229/tcp'];
  expect(published).toEqual([{ HostIp: '127.0.0.1', HostPort: String(inspectPort) }]);
});

test('a new column and its migration reach the database and the code', BUILD, async () => {
  await addColumn(copy.folder);
  const query = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'nickname'";
  const psql = ['exec', '-T', 'author-db', 'psql', '-U', 'author_migrator', '-d', 'authors', '-tAc', query];
  await expect.poll(() => stack.compose(...psql), BUILD).toBe('1\n');
  await expectToCreate(client, BUILD);
});

test('what changes while nothing watches is served after the next start', BUILD, async () => {
  await up[Symbol.asyncDispose]();
  await edit(copy.folder, AUTHOR, '`no such author has', '`not one author has');
  await start();
  await expect.poll(message, LIMIT).toContain('not one author has the id');
});
