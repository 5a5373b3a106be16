import { failureOf, rawCall } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());

const PUBLIC = ['CreateBook', 'GetBook', 'UpdateBook', 'DeleteBook', 'GetBooksByAuthor'].map(
  (method) => `/bookstore.book.v1.BookService/${method}`,
);
const INTERNAL = '/bookstore.book.v1.AuthorReferenceService/CloseAuthor';
const MALFORMED = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE', domain: 'bookstore' };

test.each([
  ['a string that ends before its length', [0x0a, 5, 0x61]],
  ['a lone byte that is no UTF-8', [0x0a, 1, 0xff]],
  ['a wire type that does not exist', [0x0f, 1]],
  ['the field number 0', [0x00, 0x00]],
])('%s is MALFORMED_MESSAGE on every method of both ports', async (_what, bytes) => {
  for (const path of PUBLIC) {
    expect(await failureOf(rawCall(books.service.publicPort, path, Uint8Array.from(bytes)))).toMatchObject(MALFORMED);
  }
  expect(await failureOf(rawCall(books.service.internalPort, INTERNAL, Uint8Array.from(bytes)))).toMatchObject(
    MALFORMED,
  );
  await books.api.createBook(newBook());
});

test('a year beyond 32 bits is cut by protobuf, and then judged', async () => {
  const { authorId } = newBook();
  // title "x", author_id, published_year as the varint of 2^32 + 1999, of which an int32 keeps 1999.
  const bytes = [0x0a, 1, 0x78, 0x12, 36, ...Buffer.from(authorId), 0x18, 0xcf, 0x8f, 0x80, 0x80, 0x10];
  await rawCall(books.service.publicPort, PUBLIC[0] ?? '', Uint8Array.from(bytes));
  expect((await books.api.getBooksByAuthor({ authorId })).books).toMatchObject([{ title: 'x', publishedYear: 1999 }]);
});
