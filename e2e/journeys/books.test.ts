import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

test('a book is created, read, listed by its author, updated and deleted', async () => {
  const { id: authorId } = await authors.createAuthor(anAuthor());
  const book = await books.createBook({ title: 'Frankenstien', authorId, publishedYear: 1818 });
  expect(await books.getBook({ id: book.id })).toEqual(book);
  expect(await books.updateBook({ id: book.id, title: 'Frankenstein' })).toEqual({
    success: true,
    message: expect.any(String),
  });
  const corrected = { ...book, title: 'Frankenstein' };
  expect(await books.getBook({ id: book.id })).toEqual(corrected);
  const { id, title, publishedYear, createdAt } = corrected;
  expect(await books.getBooksByAuthor({ authorId })).toEqual({
    books: [{ id, title, publishedYear, createdAt }],
    nextPageToken: '',
  });
  expect(await books.deleteBook({ id })).toEqual({ success: true, message: expect.any(String) });
  expect(await failureOf(books.getBook({ id }))).toMatchObject({ code: 'NOT_FOUND', reason: 'BOOK_NOT_FOUND' });
});

test('a new author has an empty list of books', async () => {
  const { id } = await authors.createAuthor(anAuthor());
  expect(await books.getBooksByAuthor({ authorId: id })).toEqual({ books: [], nextPageToken: '' });
});

test('a book of an author who does not exist is NOT_FOUND', async () => {
  const authorId = '01890000-0000-7000-8000-000000000000';
  expect(await failureOf(books.createBook(aBook({ authorId })))).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'AUTHOR_NOT_FOUND',
    resource: { type: 'bookstore.author.v1.Author', name: authorId },
  });
});

test('the longest deadline of gRPC is kept, also by calls between the services', async () => {
  const settings = { deadlineMs: 99_999_999 * 3_600_000 };
  const { id: authorId } = await authors.createAuthor(anAuthor(), settings);
  // The book service does not know this author yet, and asks the author service.
  const { id } = await books.createBook(aBook({ authorId }), settings);
  expect(await books.getBook({ id }, settings)).toMatchObject({ authorId });
  expect(await authors.deleteAuthor({ id: authorId, force: true }, settings)).toMatchObject({ success: true });
});

test('a create that its caller cancelled is finished by the next attempt, once', async () => {
  const { id: authorId } = await authors.createAuthor(anAuthor());
  const request = aBook({ authorId, requestId: randomUUID() });
  const caller = new AbortController();
  const failure = failureOf(books.createBook(request, { signal: caller.signal }));
  caller.abort();
  expect(await failure).toMatchObject({ code: 'CANCELLED' });
  const book = await books.createBook(request);
  expect((await books.getBooksByAuthor({ authorId })).books.map(({ id }) => id)).toEqual([book.id]);
});
