import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** One code point, two UTF-16 units, four bytes. */
const ASTRAL = '𝕏';
const NEXT_YEAR = new Date().getUTCFullYear() + 1;

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());

const create = (given?: Parameters<typeof newBook>[0]) => books.api.createBook(newBook(given));

test('a new book has a UUID version 7, its own fields and the time in UTC with milliseconds', async () => {
  const before = Date.now();
  const given = newBook({ title: 'Солярис', publishedYear: 1961 });
  const book = await books.api.createBook(given);

  expect(book).toEqual({ id: expect.stringMatching(UUID_V7), ...given, createdAt: expect.any(String) });
  expect(book.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Math.abs(Date.parse(book.createdAt) - before)).toBeLessThan(60_000);
  expect(await books.api.getBook({ id: book.id })).toEqual(book);
});

test('the first books of an author may be made at once', async () => {
  for (let author = 0; author < 25; author++) {
    const book = newBook({ authorId: randomUUID() });
    await Promise.all(Array.from({ length: 8 }, () => create(book)));
  }
});

describe('a title is stored', () => {
  test.each([
    ['at one character', 'x', 'x'],
    ['at 200 characters', 'x'.repeat(200), 'x'.repeat(200)],
    ['at 200 code points of two UTF-16 units each', ASTRAL.repeat(200), ASTRAL.repeat(200)],
    ['without the blanks around it', ' \t\n The  Left Hand \u00a0\u3000', 'The  Left Hand'],
    ['with quotes, SQL and markup as they are', `x'); DROP TABLE "books";-- <b>`, `x'); DROP TABLE "books";-- <b>`],
  ])('%s', async (_how, given, stored) => {
    const { id, title } = await create({ title: given });
    expect(title).toBe(stored);
    expect(await books.api.getBook({ id })).toMatchObject({ title: stored });
  });
});

describe('a title is refused', () => {
  test.each([
    ['when it is empty', '', 'is required'],
    ['when it is blank', ' \u00a0\t ', 'is required'],
    ['at 201 characters', 'x'.repeat(201), 'must be at most 200 characters'],
    ['at 201 code points of two UTF-16 units each', ASTRAL.repeat(201), 'must be at most 200 characters'],
    ['with a NUL', 'The\0Left', 'must not contain control characters'],
    ['with a line break inside', 'The\nLeft', 'must not contain control characters'],
    ['with a control character of C1', 'The\u009fLeft', 'must not contain control characters'],
  ])('%s', async (_when, title, description) => {
    const expected = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: { title: description } };
    expect(await failureOf(create({ title }))).toMatchObject(expected);
    const { id } = await create();
    expect(await failureOf(books.api.updateBook({ id, title }))).toMatchObject(expected);
  });
});

describe('a year of publication', () => {
  test.each([-3000, -1, 1, 1974, NEXT_YEAR])('%i is stored', async (publishedYear) => {
    const { id } = await create({ publishedYear });
    expect(await books.api.getBook({ id })).toMatchObject({ publishedYear });
    const other = await create();
    await books.api.updateBook({ id: other.id, publishedYear });
    expect(await books.api.getBook({ id: other.id })).toMatchObject({ publishedYear });
  });

  test.each([
    [0, 'is required, and there is no year 0'],
    [-3001, 'must be from -3000 to next year'],
    [NEXT_YEAR + 1, 'must be from -3000 to next year'],
    [-2_147_483_648, 'must be from -3000 to next year'],
    [2_147_483_647, 'must be from -3000 to next year'],
  ])('%i is refused', async (publishedYear, description) => {
    const expected = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: { published_year: description } };
    expect(await failureOf(create({ publishedYear }))).toMatchObject(expected);
    const { id } = await create();
    expect(await failureOf(books.api.updateBook({ id, publishedYear }))).toMatchObject(expected);
  });
});

test('every bad field is named at once, as the .proto has it', async () => {
  expect(await failureOf(books.api.createBook({ requestId: 'mine' }))).toEqual({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    domain: 'bookstore',
    metadata: {},
    message: expect.any(String),
    fields: {
      title: 'is required',
      author_id: 'is required',
      published_year: 'is required, and there is no year 0',
      request_id: 'must be a UUID',
    },
    requestId: expect.any(String),
  });
});
