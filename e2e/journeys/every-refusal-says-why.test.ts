import { randomUUID } from 'node:crypto';
import { failureOf, rawCall } from '@bookstore/sandbox/testing';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

const domain = 'bookstore';
const id = randomUUID();
const nextYear = new Date().getUTCFullYear() + 1;

describe('INVALID_ARGUMENT names every bad field', () => {
  const cases: [string, () => Promise<unknown>, string[]][] = [
    ['CreateAuthor, nothing set', () => authors.createAuthor(), ['name', 'email']],
    ['CreateAuthor, blank name', () => authors.createAuthor(anAuthor({ name: ' \u2003 ' })), ['name']],
    ['CreateAuthor, long name', () => authors.createAuthor(anAuthor({ name: '𝔞'.repeat(201) })), ['name']],
    ['CreateAuthor, NUL in the name', () => authors.createAuthor(anAuthor({ name: 'a\u0000b' })), ['name']],
    ['CreateAuthor, no address', () => authors.createAuthor(anAuthor({ email: 'nobody' })), ['email']],
    [
      'CreateAuthor, long address',
      () => authors.createAuthor(anAuthor({ email: `${'a'.repeat(250)}@example.com` })),
      ['email'],
    ],
    ['CreateAuthor, request_id', () => authors.createAuthor(anAuthor({ requestId: '1' })), ['request_id']],
    ['GetAuthor, no id', () => authors.getAuthor(), ['id']],
    ['GetAuthor, no UUID', () => authors.getAuthor({ id: `{${id}}` }), ['id']],
    ['UpdateAuthor, no field', () => authors.updateAuthor({ id }), ['name']],
    ['UpdateAuthor, bad fields', () => authors.updateAuthor({ id: 'x', name: '', email: '' }), ['id', 'name', 'email']],
    ['DeleteAuthor, no id', () => authors.deleteAuthor({ force: true }), ['id']],
    ['ListAuthors, negative size', () => authors.listAuthors({ pageSize: -1 }), ['page_size']],
    ['CreateBook, nothing set', () => books.createBook(), ['title', 'author_id', 'published_year']],
    ['CreateBook, too old', () => books.createBook(aBook({ authorId: id, publishedYear: -3001 })), ['published_year']],
    [
      'CreateBook, too new',
      () => books.createBook(aBook({ authorId: id, publishedYear: nextYear + 1 })),
      ['published_year'],
    ],
    ['GetBook, no UUID', () => books.getBook({ id: 'x' }), ['id']],
    ['UpdateBook, no field', () => books.updateBook({ id }), ['title']],
    ['UpdateBook, year 0', () => books.updateBook({ id, publishedYear: 0 }), ['published_year']],
    ['DeleteBook, no id', () => books.deleteBook(), ['id']],
    ['ListBooks, negative size', () => books.listBooks({ pageSize: -1 }), ['page_size']],
    [
      'GetBooksByAuthor, no id and a negative size',
      () => books.getBooksByAuthor({ pageSize: -1 }),
      ['author_id', 'page_size'],
    ],
  ];
  test.each(cases)('%s', async (_, call, fields) => {
    const failure = await failureOf(call());
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', domain });
    expect(Object.keys(failure.fields ?? {}).sort()).toEqual(fields.sort());
  });

  test.each([
    [authorAddress, '/bookstore.author.v1.AuthorService/CreateAuthor', Buffer.from([0x0a, 0xff])],
    [bookAddress, '/bookstore.book.v1.BookService/CreateBook', Buffer.from('not a message')],
    [authorAddress, '/bookstore.author.v1.AuthorService/CreateAuthor', Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
  ])('%s %s, bytes that are no message', async (address, path, bytes) => {
    expect(await failureOf(rawCall(address, path, bytes))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'MALFORMED_MESSAGE',
      domain,
    });
  });
});

test('the limits themselves are allowed', async () => {
  const { id: authorId } = await authors.createAuthor(anAuthor({ name: '𝔞'.repeat(200) }));
  for (const publishedYear of [-3000, -1, 1, nextYear]) {
    expect(await books.createBook(aBook({ authorId, publishedYear }))).toMatchObject({ publishedYear });
  }
});

describe('NOT_FOUND names what there is not', () => {
  const noAuthor = { reason: 'AUTHOR_NOT_FOUND', resource: { type: 'bookstore.author.v1.Author', name: id } };
  const noBook = { reason: 'BOOK_NOT_FOUND', resource: { type: 'bookstore.book.v1.Book', name: id } };
  test.each([
    ['GetAuthor', () => authors.getAuthor({ id }), noAuthor],
    ['UpdateAuthor', () => authors.updateAuthor({ id, name: 'Nobody' }), noAuthor],
    ['DeleteAuthor', () => authors.deleteAuthor({ id }), noAuthor],
    ['DeleteAuthor with force', () => authors.deleteAuthor({ id, force: true }), noAuthor],
    ['CreateBook', () => books.createBook(aBook({ authorId: id })), noAuthor],
    ['GetBooksByAuthor', () => books.getBooksByAuthor({ authorId: id }), noAuthor],
    ['GetBook', () => books.getBook({ id }), noBook],
    ['UpdateBook', () => books.updateBook({ id, title: 'Nothing' }), noBook],
    ['DeleteBook', () => books.deleteBook({ id }), noBook],
  ])('%s', async (_, call, expected) => {
    expect(await failureOf(call())).toMatchObject({ code: 'NOT_FOUND', domain, ...expected });
  });
});

describe('ALREADY_EXISTS', () => {
  const taken = {
    code: 'ALREADY_EXISTS',
    reason: 'EMAIL_TAKEN',
    domain,
    resource: { type: 'bookstore.author.v1.Author' },
  };

  test('an e-mail address in use, in whatever case, and without telling whose', async () => {
    const { email } = await authors.createAuthor(anAuthor());
    const failure = await failureOf(authors.createAuthor(anAuthor({ email: email.toUpperCase() })));
    expect(failure).toMatchObject(taken);
    expect(JSON.stringify(failure).toLowerCase()).not.toContain(email);
    const another = await authors.createAuthor(anAuthor());
    expect(await failureOf(authors.updateAuthor({ id: another.id, email }))).toMatchObject(taken);
    expect(await authors.getAuthor({ id: another.id })).toEqual(another);
  });

  test('an author may keep their own address in another case', async () => {
    const { id, email } = await authors.createAuthor(anAuthor());
    await authors.updateAuthor({ id, email: email.toUpperCase() });
    expect(await authors.getAuthor({ id })).toMatchObject({ email: email.toUpperCase() });
  });
});

test('FAILED_PRECONDITION counts the books in the way', async () => {
  const { author } = await authorWithBooks(bookstore, 3);
  expect(await failureOf(authors.deleteAuthor({ id: author.id }))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'AUTHOR_HAS_BOOKS',
    domain,
    metadata: { book_count: '3' },
  });
});

test('a refusal carries the id of its request, by which the log has the story', async () => {
  expect((await failureOf(authors.getAuthor({ id }))).requestId).toMatch(/^[0-9a-f-]{36}$/);
});
