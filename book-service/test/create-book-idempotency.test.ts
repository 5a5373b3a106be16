import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());

const request = () => newBook({ requestId: randomUUID() });

test('the same content under the same request_id is the same book', async () => {
  const given = request();
  const book = await books.api.createBook(given);

  expect(await books.api.createBook(given)).toEqual(book);
  expect(await books.api.createBook({ ...given, title: `  ${given.title} ` })).toEqual(book);
  expect(await books.api.createBook({ ...given, authorId: given.authorId.toUpperCase() })).toEqual(book);
  expect(await books.api.createBook({ ...given, requestId: given.requestId?.toUpperCase() ?? '' })).toEqual(book);
});

test('after an update it is that book as it is now', async () => {
  const given = request();
  const { id } = await books.api.createBook(given);
  await books.api.updateBook({ id, title: 'Renamed', publishedYear: 1 });
  expect(await books.api.createBook(given)).toEqual(await books.api.getBook({ id }));
});

test('other content under the same request_id is REQUEST_ID_REUSED', async () => {
  const given = request();
  await books.api.createBook(given);

  for (const other of [{ title: 'Other' }, { publishedYear: 1975 }, { authorId: randomUUID() }]) {
    expect(await failureOf(books.api.createBook({ ...given, ...other }))).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'REQUEST_ID_REUSED',
      domain: 'bookstore',
      resource: { type: 'bookstore.book.v1.Book', name: given.requestId },
    });
  }
});

test('once the book is deleted the request_id is free', async () => {
  const given = request();
  const first = await books.api.createBook(given);
  await books.api.deleteBook({ id: first.id });
  const second = await books.api.createBook({ ...given, title: 'Another' });
  expect(second.id).not.toBe(first.id);
});

test('without a request_id every request makes a book', async () => {
  const given = newBook();
  const [one, other] = [await books.api.createBook(given), await books.api.createBook(given)];
  expect(one.id).not.toBe(other.id);
});

test.each([
  ['nobody had asked for', false],
  ['is known', true],
])('twenty duplicates at once for an author who %s make one book', async (_who, known) => {
  for (let round = 0; round < 2; round++) {
    const given = request();
    if (known) await books.api.createBook({ ...given, requestId: '' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => books.api.createBook(given)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    const { rowCount } = await books.database.query('SELECT FROM books WHERE request_id = $1', [given.requestId]);
    expect(rowCount).toBe(1);
  }
});
