import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../src/bookstore/ports.js';
import { type Bookstore, startBookstore } from '../src/bookstore/start-bookstore.js';
import { embeddedDatabases } from '../src/fsck/embedded-databases.js';
import { fsck } from '../src/fsck/fsck.js';
import { SandboxError } from '../src/sandbox-error.js';
import { BUSY_MACHINE } from '../src/testing/busy-machine.js';
import { promiseClient } from '../src/testing/promise-client.js';

let dataDir: string;
let bookstore: Bookstore;
beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'fsck-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const env = { ...BUSY_MACHINE, LOG_LEVEL: 'error', RATE_LIMIT_PER_SECOND: '0' };
  bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    env,
    durable: false,
    onLog: () => {},
  });
});
afterAll(async () => {
  await bookstore?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const DELETIONS = 40;
const CHECKS = 5;

test('creates and deletions that race with the check are no findings', async () => {
  const [authors, books] = [
    promiseClient(AuthorServiceClient, bookstore.service('author-service').options.publicPort),
    promiseClient(BookServiceClient, bookstore.service('book-service').options.publicPort),
  ];
  let running = true;
  let deleted = 0;
  const client = async (name: number) => {
    for (let i = 0; running; i++) {
      const { id } = await authors.createAuthor({ name: 'A', email: `a-${name}-${i}@example.com` });
      const book = { authorId: id, title: 'B', publishedYear: 2000 };
      const deletion = () => authors.deleteAuthor({ id, force: i % 2 === 0 });
      // Some of each lose the race, as they should.
      const answers = await Promise.allSettled([books.createBook(book), deletion(), books.createBook(book)]);
      if (answers[1].status === 'fulfilled') deleted++;
    }
  };
  const clients = Array.from({ length: 8 }, (_, name) => client(name));
  const urls = embeddedDatabases(dataDir);
  const results = [];
  while (deleted < DELETIONS || results.length < CHECKS) results.push(await fsck(urls));
  running = false;
  await Promise.all(clients);
  authors.close();
  books.close();

  expect(results.flatMap(({ findings }) => findings)).toEqual([]);
  expect(await fsck(urls)).toMatchObject({ findings: [] });
}, 60_000);

test('one that does not run, or was killed: a line that says what to do', async () => {
  const notRunning = /does not run: start it first/;
  expect(() => embeddedDatabases(path.join(dataDir, 'nothing'))).toThrow(notRunning);
  expect(() => embeddedDatabases(path.join(dataDir, 'nothing'))).toThrow(SandboxError);
  const { postgres } = bookstore;
  process.kill(postgres.pid, 'SIGKILL');
  await postgres.exited;
  expect(() => embeddedDatabases(dataDir)).toThrow(notRunning);
});
