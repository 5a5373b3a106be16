import { randomUUID } from 'node:crypto';
import { BookServiceClient, CloseAuthorOutcome } from '@bookstore/proto';
import { failureOf, healthOf, promiseClient, testEnvironment } from '@bookstore/sandbox/testing';
import { startService } from '@bookstore/service-kit';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bookService } from '../src/book-service.js';
import { type Books, newBook, startBooks } from './start-books.js';

const CONNECTIONS = 2;
/** So many calls at once use every connection. */
const MANY = 3 * CONNECTIONS;

let books: Books;
beforeAll(async () => {
  books = await startBooks({ DATABASE_POOL_SIZE: String(CONNECTIONS) });
});
afterAll(() => books?.stop());

/** Every method that reads or writes columns of books. */
const calls: Record<string, () => Promise<unknown>> = {
  CreateBook: () => books.api.createBook(newBook()),
  'CreateBook again': async () => {
    const request = newBook({ requestId: randomUUID() });
    const book = await books.api.createBook(request);
    expect(await books.api.createBook(request)).toEqual(book);
  },
  GetBook: async () => {
    const book = await books.api.createBook(newBook());
    expect(await books.api.getBook({ id: book.id })).toEqual(book);
  },
  UpdateBook: async () => {
    const { id } = await books.api.createBook(newBook());
    await books.api.updateBook({ id, publishedYear: 1969 });
    expect(await books.api.getBook({ id })).toMatchObject({ publishedYear: 1969 });
  },
  ListBooks: () => books.api.listBooks(),
  GetBooksByAuthor: () => books.api.getBooksByAuthor({ authorId: randomUUID() }),
};

const closeAuthor = async () => {
  const request = { opId: randomUUID(), authorId: randomUUID() };
  const closed = { outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED };
  expect(await books.references.closeAuthor(request)).toMatchObject(closed);
  expect(await books.references.closeAuthor(request)).toMatchObject(closed);
};

/** The failures of so many calls at once. */
async function failuresOf(call: () => Promise<unknown>, count: number): Promise<unknown[]> {
  const ended = await Promise.allSettled(Array.from({ length: count }, call));
  return ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
}

test('a service does not serve while a migration of its database is unfinished', async () => {
  const finish = () => books.database.query('UPDATE _prisma_migrations SET finished_at = now()');
  onTestFinished(async () => void (await finish()));
  await books.database.query('UPDATE _prisma_migrations SET finished_at = NULL');
  const { databaseUrl: DATABASE_URL, directory } = books;
  const env = testEnvironment({ DATABASE_URL, AUTHOR_SERVICE_ADDRESS: directory.address });
  const replica = await startService(bookService, env);
  const api = promiseClient(BookServiceClient, replica.publicPort);
  onTestFinished(async () => {
    api.close();
    await replica.stop();
  });
  const unavailable = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' };
  expect(await failureOf(api.listBooks())).toMatchObject(unavailable);
  expect(await healthOf(replica.publicPort)).toBe('NOT_SERVING');

  await finish();
  await expect.poll(() => healthOf(replica.publicPort)).toBe('SERVING');
});

test('a migration of a table while the service runs fails no call', async () => {
  for (const change of [
    undefined, // every statement is prepared on every connection before the first one
    'ALTER COLUMN title TYPE varchar(300)',
    'ALTER COLUMN published_year TYPE bigint',
    'ALTER COLUMN created_at TYPE timestamptz(6)',
    'ADD COLUMN isbn text',
    'ALTER COLUMN request_id TYPE text',
  ]) {
    if (change) await books.database.query(`ALTER TABLE books ${change}`);
    for (const [name, call] of Object.entries(calls)) {
      expect({ change, name, failures: await failuresOf(call, MANY) }).toEqual({ change, name, failures: [] });
    }
  }
});

test('a migration of what a transaction reads fails only calls in flight, with UNAVAILABLE', async () => {
  expect(await failuresOf(closeAuthor, MANY)).toEqual([]);
  await books.database.query('ALTER TABLE author_closings ALTER COLUMN book_count TYPE bigint');
  for (const failure of await failuresOf(closeAuthor, CONNECTIONS)) {
    expect(failure).toMatchObject({ code: status.UNAVAILABLE });
  }
  expect(await failuresOf(closeAuthor, MANY)).toEqual([]);
});
