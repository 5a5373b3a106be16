import { chmod, chown, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failureOf, healthOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { ComposeStack } from '../chaos/src/bookstore/compose-stack.js';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';
import { firstSignalAt, inspectAll } from '../src/compose/containers.js';

const [SERVING, NOT_SERVING] = ['SERVING', 'NOT_SERVING'];
const services = ['author-service', 'book-service'];
const databases = ['author-db', 'book-db'];

let clone: string;
let stack: ComposeStack;
beforeAll(async () => {
  clone = await cloneWithUmask077();
  stack = await ComposeStack.in(clone);
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(clone, { recursive: true });
});

/** The health of both services by this name. */
const healthOfBoth = (name = '') =>
  Promise.all([stack.authorAddress, stack.bookAddress].map((address) => healthOf(address, name)));

let authorId = '';

test('a clone that only its owner can read starts', { timeout: 300_000 }, async () => {
  await stack.compose('up', '--wait', '--no-build');
  expect(await healthOfBoth()).toEqual([SERVING, SERVING]);
  const { authors, books, close } = connect(stack);
  authorId = (await authors.createAuthor(anAuthor())).id;
  await books.createBook(aBook({ authorId, title: 'Kept' }));
  close();
});

test("no index on text depends on the C library of the databases' image", async () => {
  const query = 'SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()';
  for (const name of ['author', 'book']) {
    const psql = ['psql', '-U', `${name}_migrator`, '-d', `${name}s`, '-Atc', query];
    expect(await stack.compose('exec', '-T', `${name}-db`, ...psql)).toBe('b|C.UTF-8\n');
  }
});

test('an idle service stops within 2 seconds, with status 0', { timeout: 60_000 }, async () => {
  for (const service of services) {
    const since = Date.now();
    await stack.compose('stop', service);
    const askedAt = await firstSignalAt(stack.project, service, since);
    const [container] = await inspectAll(stack.project, service);
    expect(container?.State, service).toMatchObject({ Status: 'exited', ExitCode: 0, OOMKilled: false });
    expect(Date.parse(container?.State.FinishedAt ?? '') - askedAt, service).toBeLessThan(2_000);
  }
});

test('the data is there after down and up', { timeout: 120_000 }, async () => {
  await stack.compose('down');
  await stack.compose('up', '--wait', '--no-build');
  const { authors, books, close } = connect(stack);
  expect(await authors.getAuthor({ id: authorId })).toMatchObject({ id: authorId });
  expect(await books.getBooksByAuthor({ authorId })).toMatchObject({ books: [{ title: 'Kept' }] });
  close();
});

test('services that start before their databases say so, and serve once these are there', {
  timeout: 120_000,
}, async () => {
  await stack.compose('stop', ...services, ...databases);
  await stack.compose('up', '--detach', '--no-deps', '--no-build', ...services);
  await expect.poll(() => healthOfBoth('liveness'), { timeout: 30_000 }).toEqual([SERVING, SERVING]);
  expect(await healthOfBoth()).toEqual([NOT_SERVING, NOT_SERVING]);
  const { authors, books, close } = connect(stack);
  const unavailable = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' };
  expect(await failureOf(authors.getAuthor({ id: authorId }))).toMatchObject(unavailable);
  expect(await failureOf(books.listBooks())).toMatchObject(unavailable);

  await stack.compose('start', ...databases);
  await expect.poll(() => healthOfBoth(), { timeout: 30_000 }).toEqual([SERVING, SERVING]);
  expect(await books.getBooksByAuthor({ authorId })).toMatchObject({ books: [{ title: 'Kept' }] });
  close();
});

test('the book service can start before the author service', { timeout: 120_000 }, async () => {
  await stack.compose('stop', ...services);
  await stack.compose('start', 'book-service');
  await stack.compose('start', 'author-service');
  await expect.poll(() => healthOfBoth(), { timeout: 30_000 }).toEqual([SERVING, SERVING]);
  const { authors, books, close } = connect(stack);
  const { id } = await authors.createAuthor(anAuthor());
  await expect.poll(() => books.createBook(aBook({ authorId: id }))).toMatchObject({ authorId: id });
  expect(await failureOf(authors.deleteAuthor({ id }))).toMatchObject({ reason: 'AUTHOR_HAS_BOOKS' });
  close();
});

/** A user that neither root nor a container is. */
const SOMEBODY = 12_345;

/** What `docker compose up` reads of the repository, in a folder that only another user can read, as with umask 077. */
async function cloneWithUmask077(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-clone-'));
  for (const part of ['compose.yaml', 'sandbox/dev-secrets']) {
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    await keepToOwner(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  }
  await keepToOwner(folder, 0o700);
  return folder;
}

async function keepToOwner(file: string, mode: number): Promise<void> {
  await chmod(file, mode);
  if (process.getuid?.() === 0) await chown(file, SOMEBODY, SOMEBODY);
}
