import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackupCommand } from '../src/backup/backup-command.js';
import { Trade } from '../src/backup/trade.js';
import { connect } from '../src/client/connect.js';
import { aBook, authorWithBooks } from '../src/client/samples.js';
import { ComposeStack } from '../src/compose/compose-stack.js';

let scratch: string;
let [stack, fresh]: ComposeStack[] = [];
let folder = '';
/** Authors, and the books that each had before the backup began. */
const kept: Awaited<ReturnType<typeof authorWithBooks>>[] = [];
let deletedBefore = '';

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'bookstore-backups-'));
  stack = await ComposeStack.in();
  await stack.compose('up', '--wait', '--no-build');
}, 300_000);
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  await fresh?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

const to = ({ authorPort, bookPort }: ComposeStack) =>
  connect({ authorAddress: `127.0.0.1:${authorPort}`, bookAddress: `127.0.0.1:${bookPort}` });

const isHealthy = async (service: string) => (await stack?.inspect(service))?.State.Health?.Status;

test('while it is made, known authors get books; afterwards all is as before', { timeout: 180_000 }, async () => {
  if (!stack) throw new Error('not started');
  const bookstore = to(stack);
  for (let n = 1; n <= 3; n++) kept.push(await authorWithBooks(bookstore, 2));
  deletedBefore = (await authorWithBooks(bookstore, 1)).author.id;
  await bookstore.authors.deleteAuthor({ id: deletedBefore, force: true });
  const trade = new Trade(
    bookstore,
    kept.map(({ author }) => author.id),
  );
  await expect.poll(() => trade.deleted, { timeout: 30_000 }).toBeGreaterThan(10);

  const command = new BackupCommand('backup', stack, '--into', scratch);
  const stopped = async () => (await stack?.inspect('author-service'))?.State.Status;
  await expect.poll(stopped, { timeout: 60_000, interval: 20 }).toBe('exited');
  const booksBefore = trade.booksOfKnown;
  await expect.poll(() => trade.booksOfKnown, { timeout: 10_000 }).toBeGreaterThan(booksBefore + 5);
  expect([await command.ended, command.output]).toEqual([0, expect.stringMatching(/serving again after .* s/)]);

  const deletedThen = trade.deleted;
  await expect.poll(() => trade.deleted, { timeout: 30_000 }).toBeGreaterThan(deletedThen + 5);
  await trade.stop();
  bookstore.close();
  const [name = '', ...others] = await readdir(scratch);
  folder = path.join(scratch, name);
  expect([others, (await readdir(folder)).sort()]).toEqual([[], ['authors.dump', 'books.dump', 'manifest.json']]);
});

test('one that is interrupted leaves no folder, and the author service serving', { timeout: 120_000 }, async () => {
  if (!stack) throw new Error('not started');
  const command = new BackupCommand('backup', stack, '--into', scratch);
  await expect.poll(() => command.output, { timeout: 60_000, interval: 20 }).toContain('stopping: author-service');
  command.interrupt();
  expect([await command.ended, command.output]).toEqual([1, expect.stringMatching(/stopped; there is no backup\n$/)]);
  expect(await isHealthy('author-service')).toBe('healthy');
  expect(await readdir(scratch)).toEqual([path.basename(folder)]);
});

test('restored into a new bookstore, the two halves fit', { timeout: 400_000 }, async () => {
  await stack?.[Symbol.asyncDispose]();
  stack = undefined;
  fresh = await ComposeStack.in();
  const early = new BackupCommand('restore', fresh, folder);
  expect([await early.ended, early.output]).toEqual([1, expect.stringMatching(/not up: docker compose up --wait\n$/)]);

  await fresh.compose('up', '--wait', '--no-build');
  const bookstore = to(fresh);
  const { author: overwritten } = await authorWithBooks(bookstore, 1);
  const command = new BackupCommand('restore', fresh, folder);
  expect([await command.ended, command.output]).toEqual([0, expect.stringMatching(/the two halves fit\n/)]);

  const gone = { code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' };
  for (const id of [overwritten.id, deletedBefore]) {
    expect(await failureOf(bookstore.authors.getAuthor({ id }))).toMatchObject(gone);
    expect(await failureOf(bookstore.books.createBook(aBook({ authorId: id })))).toMatchObject(gone);
  }
  for (const { author, books } of kept) {
    expect(await bookstore.authors.getAuthor({ id: author.id })).toEqual(author);
    for (const book of books) expect(await bookstore.books.getBook({ id: book.id })).toEqual(book);
    await bookstore.books.createBook(aBook({ authorId: author.id }));
    await bookstore.authors.deleteAuthor({ id: author.id, force: true });
  }
  bookstore.close();
});
