import { randomUUID } from 'node:crypto';
import { AuthorReferenceServiceClient, AuthorServiceService, BookServiceClient } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  healthOf,
  type PromiseClient,
  promiseClient,
  startDatabaseProxy,
  startPeer,
  startTestService,
} from '@bookstore/sandbox/testing';
import type { RunningService } from '@bookstore/service-kit';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { bookService } from '../src/book-service.js';
import { anybody, newBook } from './start-books.js';

let network: Awaited<ReturnType<typeof startDatabaseProxy>>;
let service: RunningService;
let api: PromiseClient<BookServiceClient>;
let references: PromiseClient<AuthorReferenceServiceClient>;
let directory: Awaited<ReturnType<typeof startPeer>>;
beforeAll(async () => {
  network = await startDatabaseProxy((await createServiceDatabase(inject('postgresUrl'), 'book-service')).url);
  directory = await startPeer({ getAuthor: AuthorServiceService.getAuthor }, (request) =>
    anybody(request as { id: string }),
  );
  service = await startTestService(bookService, {
    DATABASE_URL: network.url,
    DATABASE_ACQUIRE_TIMEOUT_MS: '2000',
    DATABASE_STATEMENT_TIMEOUT_MS: '1000',
    AUTHOR_SERVICE_ADDRESS: directory.address,
  });
  api = promiseClient(BookServiceClient, service.publicPort);
  references = promiseClient(AuthorReferenceServiceClient, service.internalPort);
});
afterAll(async () => {
  api?.close();
  references?.close();
  await service?.stop();
  directory?.stop();
  await network?.stop();
});
beforeEach(() => async () => {
  network.heal();
  await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
});

describe.each([
  ['ends every connection', () => network.cut()],
  ['says nothing', () => network.freeze()],
])('while the database %s', (_how, breakIt) => {
  test('each method is DATABASE_UNAVAILABLE, and says no more', async () => {
    await api.createBook(newBook());
    breakIt();
    const id = randomUUID();
    const calls = [
      api.createBook(newBook()),
      api.createBook(newBook({ requestId: randomUUID() })),
      api.getBook({ id }),
      api.updateBook({ id, title: 'x' }),
      api.deleteBook({ id }),
      api.listBooks(),
      api.getBooksByAuthor({ authorId: id }),
      references.closeAuthor({ opId: id, authorId: id }),
      references.closeAuthor({ opId: id, authorId: id, force: true }),
    ];
    for (const failure of await Promise.all(calls.map(failureOf))) {
      expect(failure).toEqual({
        code: 'UNAVAILABLE',
        reason: 'DATABASE_UNAVAILABLE',
        domain: 'bookstore',
        metadata: {},
        message: 'the database does not answer; try again',
        requestId: expect.any(String),
      });
    }
  });
});

test('while it is read-only, writes are DATABASE_UNAVAILABLE, reads go on; afterwards the service serves by itself', async () => {
  const server = new pg.Client(inject('postgresUrl'));
  await server.connect();
  const setReadOnly = (value: 'on' | 'off') =>
    server.query(
      `ALTER DATABASE ${new URL(network.url).pathname.slice(1)} SET default_transaction_read_only = ${value}`,
    );
  /** So many at once that the pool has several connections. */
  const many = (call: () => Promise<unknown>) => Promise.all(Array.from({ length: 5 }, call));
  const book = await api.createBook(newBook());
  const { id } = book;

  // As a failover to a standby: every connection is a new one.
  await setReadOnly('on');
  network.cut();
  network.heal();
  await expect.poll(() => healthOf(service.publicPort)).toBe('NOT_SERVING');
  for (const write of [
    () => api.createBook(newBook()),
    () => api.updateBook({ id, title: 'x' }),
    () => api.deleteBook({ id }),
    () => references.closeAuthor({ opId: randomUUID(), authorId: randomUUID() }),
  ]) {
    await many(async () => expect(await failureOf(write())).toMatchObject({ reason: 'DATABASE_UNAVAILABLE' }));
  }
  await many(async () => expect((await api.listBooks()).books).toContainEqual(book));

  // New sessions may write; those that the service has may not.
  await setReadOnly('off');
  await server.end();
  await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
  await many(() => references.closeAuthor({ opId: randomUUID(), authorId: randomUUID() }));
  await many(() => api.createBook(newBook()));
});
