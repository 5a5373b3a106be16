import { readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Author } from '@bookstore/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { ComposeStack } from '../chaos/src/bookstore/compose-stack.js';
import { type Bookstore, connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';
import { outputOf } from '../src/process/output-of.js';
import { commandsOf } from '../src/readme/blocks.js';

/** Would remove more than what belongs to this stack. */
const ELSEWHERE = /^docker (image|builder) prune/;

// Within a list a block is indented.
const runbook = readFileSync(path.join(root, 'docs/runbook.md'), 'utf8').replaceAll(/^ {3}/gm, '');
const commands = commandsOf(runbook).filter((command) => !ELSEWHERE.test(command));

let secrets: string;
let backups: string;
let stack: ComposeStack;
let bookstore: Bookstore;
let author: Author;
const stopTrade = new AbortController();
let trade: Promise<unknown>;
beforeAll(async () => {
  secrets = await mkdtemp(path.join(tmpdir(), 'bookstore-secrets-'));
  await cp(path.join(root, 'sandbox/dev-secrets'), secrets, { recursive: true });
  await chmod(secrets, 0o755);
  for (const file of await readdir(secrets)) await chmod(path.join(secrets, file), 0o644);
  backups = await mkdtemp(path.join(tmpdir(), 'bookstore-backups-'));
  stack = await ComposeStack.in(root, { SECRETS_DIR: secrets, BACKUP_DIR: backups });
  await stack.compose('up', '--wait', '--no-build');
  bookstore = connect(stack);
  author = await bookstore.authors.createAuthor(anAuthor());
  trade = Promise.all([1, 2].map(tradeUntilStopped));
});
afterAll(async () => {
  stopTrade.abort();
  await trade;
  bookstore?.close();
  await stack[Symbol.asyncDispose]();
  await rm(backups, { recursive: true });
  await rm(secrets, { recursive: true });
});

/** Creates and deletes while the commands run. Calls fail while a service is stopped. */
async function tradeUntilStopped(): Promise<void> {
  const { authors, books } = bookstore;
  const deadlineMs = 2000;
  while (!stopTrade.signal.aborted) {
    try {
      await books.createBook(aBook({ authorId: author.id }), { deadlineMs });
      const { id } = await authors.createAuthor(anAuthor(), { deadlineMs });
      await books.createBook(aBook({ authorId: id }), { deadlineMs });
      const late = books.createBook(aBook({ authorId: id }), { deadlineMs }).catch(() => {});
      await authors.deleteAuthor({ id, force: true }, { deadlineMs });
      await late;
    } catch {
      await sleep(50);
    }
  }
}

const run = (command: string) =>
  // There is no terminal here.
  outputOf(command.replace(/(compose exec)(?! -T)/, '$1 -T'), stack);

/** Prints the references of the book database that do not match the author database. */
const compare = commands.find((command) => command.includes('COPY refs FROM STDIN')) ?? '';

test('it shows commands', () => {
  expect(commands.length).toBeGreaterThan(20);
});

// In their order: the one before may be what the next one needs.
describe('each works as shown', () => {
  test.each(commands)('%s', async (command) => {
    const { status, stdout, stderr } = await run(command);
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

test('then the bookstore serves, with the passwords that were made anew', async () => {
  await stack.compose('up', '--wait', '--no-build');
  expect(await bookstore.books.createBook(aBook({ authorId: author.id }))).toMatchObject({ authorId: author.id });
  const password = (folder: string) => readFileSync(path.join(folder, 'author-db-service-password'), 'utf8');
  expect(password(secrets)).not.toBe(password(path.join(root, 'sandbox/dev-secrets')));
});

test('what was restored from the backup matches, and the comparison finds what does not', async () => {
  stopTrade.abort();
  await trade;
  await expect.poll(async () => (await run(compare)).stdout, { timeout: 30_000 }).toContain('(0 rows)');

  await run(
    `docker compose exec author-db psql -U author_migrator -d authors -c "DELETE FROM authors WHERE id = '${author.id}'"`,
  );
  expect((await run(compare)).stdout).toContain(` ${author.id} | t `);
});
