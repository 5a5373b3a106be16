import { randomUUID } from 'node:crypto';
import { failureOf, refuse, silence } from '@bookstore/sandbox/testing';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { anybody, type Books, newBook, nobody, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());
beforeEach(() => {
  books.directory.answer = anybody;
  books.directory.received.length = 0;
});

const asked = () => books.directory.received.map(({ request }) => request.id);
const close = (authorId: string, force = false) =>
  books.references.closeAuthor({ opId: randomUUID(), authorId, force });

/** An author whom the book service has heard of. */
async function knownAuthor(): Promise<string> {
  const { authorId } = await books.api.createBook(newBook());
  books.directory.received.length = 0;
  return authorId;
}

/** An author who is gone for ever. */
async function closedAuthor(): Promise<string> {
  const authorId = randomUUID();
  await close(authorId);
  return authorId;
}

const authorNotFound = (authorId: string) => ({
  code: 'NOT_FOUND',
  reason: 'AUTHOR_NOT_FOUND',
  domain: 'bookstore',
  resource: { type: 'bookstore.author.v1.Author', name: authorId },
});
const UNAVAILABLE = { code: 'UNAVAILABLE', reason: 'AUTHOR_SERVICE_UNAVAILABLE', domain: 'bookstore' };

test('the author service is asked once for an author nobody knew, and never again', async () => {
  const authorId = randomUUID();
  for (let i = 0; i < 3; i++) await books.api.createBook(newBook({ authorId }));
  await books.api.getBooksByAuthor({ authorId });
  expect(asked()).toEqual([authorId]);
});

test('the request id of the caller travels to the author service', async () => {
  await books.api.createBook(newBook());
  expect(String(books.directory.received[0]?.metadata.get('x-request-id'))).toMatch(/^[0-9a-f-]{36}$/);
});

test('a book of an author who does not exist is refused, and leaves no trace', async () => {
  books.directory.answer = nobody;
  const book = newBook({ requestId: randomUUID() });
  expect(await failureOf(books.api.createBook(book))).toMatchObject(authorNotFound(book.authorId));
  expect(asked()).toEqual([book.authorId]);

  // Nor does the refusal last: the author may be made a moment later.
  books.directory.answer = anybody;
  expect(await books.api.createBook(book)).toMatchObject({ authorId: book.authorId });
});

describe.each([
  ['is down', undefined],
  ['says nothing', silence],
  ['says that it is unavailable', refuse(status.UNAVAILABLE)],
  ['fails', refuse(status.INTERNAL, 'SELECT secret FROM authors')],
  ['does not know the method', refuse(status.UNIMPLEMENTED)],
  ['refuses the call', refuse(status.PERMISSION_DENIED)],
  ['is too busy', refuse(status.RESOURCE_EXHAUSTED)],
])('while the author service %s', (_how, answer) => {
  beforeEach(() => {
    if (answer) books.directory.answer = answer;
    else books.directory.stop();
    return async () => {
      if (!answer) await books.directory.start();
    };
  });

  test('books of known authors are made and listed; for others it is AUTHOR_SERVICE_UNAVAILABLE', async () => {
    const unknown = newBook();
    const failures = await Promise.all([
      failureOf(books.api.createBook(unknown)),
      failureOf(books.api.getBooksByAuthor({ authorId: unknown.authorId })),
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject(UNAVAILABLE);
      expect(JSON.stringify(failure)).not.toContain('SELECT');
    }
    await books.database.query('INSERT INTO author_refs (author_id) VALUES ($1)', [unknown.authorId]);
    books.directory.received.length = 0;
    expect(await books.api.createBook(unknown)).toMatchObject({ authorId: unknown.authorId });
    expect((await books.api.getBooksByAuthor({ authorId: unknown.authorId })).books).toHaveLength(1);
    expect(asked()).toEqual([]);
  });
});

test('once the author service is up again it is asked again', async () => {
  books.directory.stop();
  const book = newBook();
  expect(await failureOf(books.api.createBook(book))).toMatchObject(UNAVAILABLE);
  await books.directory.start();
  await expect
    .poll(() => books.api.createBook(book).catch(({ details }) => details))
    .toMatchObject({ authorId: book.authorId });
});

test('a caller who waits less than the author service takes is told of the deadline', async () => {
  books.directory.answer = silence;
  const before = Date.now();
  const failure = await failureOf(books.api.createBook(newBook(), { deadlineMs: 1_000 }));
  expect(failure.code).toBe('DEADLINE_EXCEEDED');
  // Its own limit is 2 s.
  expect(books.directory.received[0]?.deadline).toBeLessThan(before + 1_700);
});

describe('an author who was closed', () => {
  test('takes no book, and the author service is not asked', async () => {
    const authorId = await closedAuthor();
    expect(await failureOf(books.api.createBook(newBook({ authorId })))).toMatchObject(authorNotFound(authorId));
    expect(asked()).toEqual([]);
  });

  test('while a CreateBook was asking takes no book either', async () => {
    const book = newBook();
    let tell = () => {};
    books.directory.answer = (request) =>
      new Promise((resolve) => {
        tell = () => resolve(anybody(request));
      });
    const created = failureOf(books.api.createBook(book));
    await expect.poll(asked).toHaveLength(1);
    await close(book.authorId);
    tell();

    expect(await created).toMatchObject(authorNotFound(book.authorId));
  });
});

describe('the books of an author', () => {
  test('who is known and has none any more are an empty list, without a question', async () => {
    const authorId = await knownAuthor();
    const { books: listed } = await books.api.getBooksByAuthor({ authorId });
    await books.api.deleteBook({ id: listed[0]?.id ?? '' });
    expect(await books.api.getBooksByAuthor({ authorId })).toEqual({ books: [], nextPageToken: '' });
    expect(asked()).toEqual([]);
  });

  test('whom nobody knew are an empty list when the author service knows the author', async () => {
    const authorId = randomUUID();
    expect(await books.api.getBooksByAuthor({ authorId })).toEqual({ books: [], nextPageToken: '' });
    expect(asked()).toEqual([authorId]);
  });

  test('whom the author service does not know are AUTHOR_NOT_FOUND', async () => {
    books.directory.answer = nobody;
    const authorId = randomUUID();
    expect(await failureOf(books.api.getBooksByAuthor({ authorId }))).toMatchObject(authorNotFound(authorId));
  });

  test('who was closed are AUTHOR_NOT_FOUND, without a question', async () => {
    const authorId = await knownAuthor();
    await close(authorId, true);
    expect(await failureOf(books.api.getBooksByAuthor({ authorId }))).toMatchObject(authorNotFound(authorId));
    expect(asked()).toEqual([]);
  });
});

describe('the database by itself refuses', () => {
  const sql = (text: string, ...values: unknown[]) => books.database.query(text, values);
  const insert = 'INSERT INTO books (title, author_id, author_live, published_year)';

  test('a book without a reference, and one that leans on a tombstone', async () => {
    await expect(sql(`${insert} VALUES ('x', $1, true, 1)`, randomUUID())).rejects.toMatchObject({ code: '23503' });
    const authorId = await closedAuthor();
    await expect(sql(`${insert} VALUES ('x', $1, true, 1)`, authorId)).rejects.toMatchObject({ code: '23503' });
    await expect(sql(`${insert} VALUES ('x', $1, false, 1)`, authorId)).rejects.toMatchObject({ code: '23514' });
  });

  test('to close an author who has books, or to forget one', async () => {
    const authorId = await knownAuthor();
    for (const statement of [
      'UPDATE author_refs SET live = false WHERE author_id = $1',
      'DELETE FROM author_refs WHERE author_id = $1',
    ]) {
      await expect(sql(statement, authorId)).rejects.toMatchObject({ code: '23503' });
    }
  });
});
