import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

const UNKNOWN_ID = '01890000-0000-7000-8000-000000000000';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());

const create = (given?: Parameters<typeof newBook>[0]) => books.api.createBook(newBook(given));

test('ids in upper case are the same ids', async () => {
  const { authorId } = newBook();
  const book = await create({ authorId: authorId.toUpperCase() });
  expect(book.authorId).toBe(authorId);
  expect(await books.api.getBook({ id: book.id.toUpperCase() })).toEqual(book);
});

describe('an id is refused', () => {
  test.each([
    ['when it is empty', '', 'is required'],
    ['without its hyphens', '0189000000007000800000000000000a', 'must be a UUID'],
    ['in braces', '{01890000-0000-7000-8000-00000000000a}', 'must be a UUID'],
    ['with SQL', "' OR 1=1 --", 'must be a UUID'],
    ['with a NUL', '\0', 'must be a UUID'],
  ])('%s', async (_when, id, description) => {
    const { api } = books;
    const common = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' };
    for (const call of [api.getBook({ id }), api.updateBook({ id, title: 'x' }), api.deleteBook({ id })]) {
      expect(await failureOf(call)).toMatchObject({ ...common, fields: { id: description } });
    }
    for (const call of [create({ authorId: id }), api.getBooksByAuthor({ authorId: id })]) {
      expect(await failureOf(call)).toMatchObject({ ...common, fields: { author_id: description } });
    }
  });
});

test('no such book is NOT_FOUND with the id it was asked for', async () => {
  const { api } = books;
  for (const call of [
    () => api.getBook({ id: UNKNOWN_ID }),
    () => api.updateBook({ id: UNKNOWN_ID, title: 'x' }),
    () => api.deleteBook({ id: UNKNOWN_ID }),
  ]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'BOOK_NOT_FOUND',
      domain: 'bookstore',
      resource: { type: 'bookstore.book.v1.Book', name: UNKNOWN_ID },
    });
  }
});

test('an update changes exactly the fields that it names', async () => {
  const book = await create();
  expect(await books.api.updateBook({ id: book.id, title: ' New Title ' })).toEqual({
    success: true,
    message: expect.stringContaining(book.id),
  });
  expect(await books.api.getBook({ id: book.id })).toEqual({ ...book, title: 'New Title' });
  await books.api.updateBook({ id: book.id, publishedYear: -800 });
  expect(await books.api.getBook({ id: book.id })).toEqual({ ...book, title: 'New Title', publishedYear: -800 });
  await books.api.updateBook({ id: book.id, title: book.title, publishedYear: book.publishedYear });
  expect(await books.api.getBook({ id: book.id })).toEqual(book);
});

test('an update that names no field is INVALID_ARGUMENT', async () => {
  const { id } = await create();
  expect(await failureOf(books.api.updateBook({ id }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    fields: { title: expect.stringContaining('an update names a field') },
  });
});

test('a deleted book is gone, and deleting it again is BOOK_NOT_FOUND', async () => {
  const { id } = await create();
  expect(await books.api.deleteBook({ id })).toEqual({ success: true, message: expect.stringContaining(id) });
  expect(await failureOf(books.api.getBook({ id }))).toMatchObject({ reason: 'BOOK_NOT_FOUND' });
  expect(await failureOf(books.api.deleteBook({ id }))).toMatchObject({ reason: 'BOOK_NOT_FOUND' });
});

test('of many deletions of one book at the same time one succeeds', async () => {
  const { id } = await create();
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => books.api.deleteBook({ id })));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('every bad field of an update is named at once', async () => {
  expect(await failureOf(books.api.updateBook({ id: 'x', title: '', publishedYear: 0 }))).toMatchObject({
    fields: { id: 'must be a UUID', title: 'is required', published_year: 'is required, and there is no year 0' },
  });
  expect(await failureOf(books.api.updateBook({ id: 'x' }))).toMatchObject({
    fields: { id: 'must be a UUID', title: expect.stringContaining('an update names a field') },
  });
});
