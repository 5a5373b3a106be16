import { randomUUID } from 'node:crypto';
import { CloseAuthorOutcome } from '@bookstore/proto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

const CONNECTIONS = 4;

let books: Books;
beforeAll(async () => {
  books = await startBooks({ DATABASE_POOL_SIZE: String(CONNECTIONS) });
});
afterAll(() => books?.stop());

/** Every method that reads columns, by what it is called. */
const CALLS: Record<string, () => Promise<unknown>> = {
  createBook: () => books.api.createBook(newBook()),
  createBookAgain: async () => {
    const request = newBook({ requestId: randomUUID() });
    const book = await books.api.createBook(request);
    expect(await books.api.createBook(request)).toEqual(book);
  },
  getBook: async () => {
    const book = await books.api.createBook(newBook());
    expect(await books.api.getBook({ id: book.id })).toEqual(book);
  },
  updateBook: async () => {
    const { id } = await books.api.createBook(newBook());
    await books.api.updateBook({ id, publishedYear: 1969 });
    expect(await books.api.getBook({ id })).toMatchObject({ publishedYear: 1969 });
  },
  listBooks: () => books.api.listBooks(),
  getBooksByAuthor: () => books.api.getBooksByAuthor({ authorId: randomUUID() }),
};

const closeAuthor = async () => {
  const request = { opId: randomUUID(), authorId: randomUUID() };
  const closed = { outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED };
  expect(await books.references.closeAuthor(request)).toMatchObject(closed);
  expect(await books.references.closeAuthor(request)).toMatchObject(closed);
};

/** The failures of so many calls at once. */
async function failuresOf(call: () => Promise<unknown>, count: number): Promise<unknown[]> {
  const calls = await Promise.allSettled(Array.from({ length: count }, call));
  return calls.flatMap((ended) => (ended.status === 'rejected' ? [ended.reason] : []));
}

/** As many as let each connection have its turn. */
const ALL = 4 * CONNECTIONS;

beforeEach(async () => {
  for (const call of [...Object.values(CALLS), closeAuthor]) expect(await failuresOf(call, ALL)).toEqual([]);
});

test.each([
  ['books', 'ALTER COLUMN title TYPE varchar(300)'],
  ['books', 'ALTER COLUMN published_year TYPE bigint'],
  ['books', 'ALTER COLUMN created_at TYPE timestamptz(6)'],
  ['books', 'ADD COLUMN isbn text'],
  ['books', 'ALTER COLUMN request_id TYPE text'],
])('a migration while the service runs fails no call: %s, %s', async (table, change) => {
  await books.database.query(`ALTER TABLE ${table} ${change}`);
  for (const [name, call] of Object.entries(CALLS)) expect([name, await failuresOf(call, ALL)]).toEqual([name, []]);
});

test('a migration of what a transaction reads fails the calls in flight at most, as UNAVAILABLE', async () => {
  await books.database.query('ALTER TABLE author_closings ALTER COLUMN book_count TYPE bigint');
  for (const failure of await failuresOf(closeAuthor, CONNECTIONS)) {
    expect(failure).toMatchObject({ code: status.UNAVAILABLE });
  }
  expect(await failuresOf(closeAuthor, ALL)).toEqual([]);
});
