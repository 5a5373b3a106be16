import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

/** Calls over a new connection, as a client does after a lost one. */
async function reconnected<T>(call: (bookstore: Bookstore) => Promise<T>): Promise<T> {
  const bookstore = connect();
  try {
    return await call(bookstore);
  } finally {
    bookstore.close();
  }
}

test('a create that is repeated over new connections returns the same author and book, as they are now', async () => {
  const request = anAuthor({ requestId: randomUUID() });
  const author = await reconnected(({ authors }) => authors.createAuthor(request));
  await reconnected(({ authors }) => authors.updateAuthor({ id: author.id, name: 'Renamed' }));
  expect(await reconnected(({ authors }) => authors.createAuthor(request))).toEqual({ ...author, name: 'Renamed' });

  const bookRequest = aBook({ authorId: author.id, requestId: randomUUID() });
  const created = await Promise.all(
    Array.from({ length: 8 }, () => reconnected(({ books }) => books.createBook(bookRequest))),
  );
  const ids = new Set(created.map(({ id }) => id));
  expect(await reconnected(({ books }) => books.getBooksByAuthor({ authorId: author.id }))).toMatchObject({
    books: [...ids].map((id) => ({ id })),
  });
  expect(ids.size).toBe(1);
});

test('a create that its caller cancelled is finished by the next attempt, once', async () => {
  const { id: authorId } = await reconnected(({ authors }) => authors.createAuthor(anAuthor()));
  const request = aBook({ authorId, requestId: randomUUID() });
  const caller = new AbortController();
  const cancelled = reconnected(({ books }) => failureOf(books.createBook(request, { signal: caller.signal })));
  caller.abort();
  expect(await cancelled).toMatchObject({ code: 'CANCELLED' });
  const book = await reconnected(({ books }) => books.createBook(request));
  const { books } = await reconnected((bookstore) => bookstore.books.getBooksByAuthor({ authorId }));
  expect(books.map(({ id }) => id)).toEqual([book.id]);
});
