import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

/** Does it with a new connection, as a client that has lost the last one. */
async function anew<T>(what: (bookstore: Bookstore) => Promise<T>): Promise<T> {
  const bookstore = connect();
  try {
    return await what(bookstore);
  } finally {
    bookstore.close();
  }
}

test('a create repeated over a new connection returns what the first one made, as it is now', async () => {
  const request = anAuthor({ requestId: randomUUID() });
  const author = await anew(({ authors }) => authors.createAuthor(request));
  expect(await anew(({ authors }) => authors.createAuthor(request))).toEqual(author);
  await anew(({ authors }) => authors.updateAuthor({ id: author.id, name: 'Renamed' }));
  expect(await anew(({ authors }) => authors.createAuthor(request))).toEqual({ ...author, name: 'Renamed' });

  const bookRequest = aBook({ authorId: author.id, requestId: randomUUID() });
  const book = await anew(({ books }) => books.createBook(bookRequest));
  expect(await anew(({ books }) => books.createBook(bookRequest))).toEqual(book);
  expect(await anew(({ books }) => books.getBooksByAuthor({ authorId: author.id }))).toMatchObject({
    books: [{ id: book.id }],
  });
});

test('many at once make one', async () => {
  const request = anAuthor({ requestId: randomUUID() });
  const authors = await Promise.all(
    Array.from({ length: 8 }, () => anew((bookstore) => bookstore.authors.createAuthor(request))),
  );
  expect(new Set(authors.map(({ id }) => id)).size).toBe(1);
});

test('a create that its caller gave up is finished by the next attempt, once', async () => {
  const { id: authorId } = await anew(({ authors }) => authors.createAuthor(anAuthor()));
  const request = aBook({ authorId, requestId: randomUUID() });
  const given = new AbortController();
  const gone = anew(({ books }) => failureOf(books.createBook(request, { signal: given.signal })));
  given.abort();
  expect(await gone).toMatchObject({ code: 'CANCELLED' });
  const book = await anew(({ books }) => books.createBook(request));
  const { books } = await anew((bookstore) => bookstore.books.getBooksByAuthor({ authorId }));
  expect(books.map(({ id }) => id)).toEqual([book.id]);
});

test('the same id with other content is refused, and free again after a deletion', async () => {
  const requestId = randomUUID();
  const author = await anew(({ authors }) => authors.createAuthor(anAuthor({ requestId })));
  expect(await failureOf(anew(({ authors }) => authors.createAuthor(anAuthor({ requestId }))))).toMatchObject({
    code: 'ALREADY_EXISTS',
    reason: 'REQUEST_ID_REUSED',
    resource: { type: 'bookstore.author.v1.Author' },
  });
  await anew(({ authors }) => authors.deleteAuthor({ id: author.id }));
  const another = await anew(({ authors }) => authors.createAuthor(anAuthor({ requestId })));
  expect(another.id).not.toBe(author.id);

  const bookId = randomUUID();
  await anew(({ books }) => books.createBook(aBook({ authorId: another.id, requestId: bookId })));
  const otherBook = aBook({ authorId: another.id, requestId: bookId, title: 'Another one' });
  expect(await failureOf(anew(({ books }) => books.createBook(otherBook)))).toMatchObject({
    code: 'ALREADY_EXISTS',
    reason: 'REQUEST_ID_REUSED',
    resource: { type: 'bookstore.book.v1.Book' },
  });
});
