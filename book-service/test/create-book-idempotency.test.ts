import { randomUUID } from 'node:crypto';
import { BookServiceClient } from '@bookstore/proto';
import { failureOf, promiseClient, refuse, silence, startTestService } from '@bookstore/sandbox/testing';
import { NIL_UUID } from '@bookstore/service-kit';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bookService } from '../src/book-service.js';
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

test('a create that its caller cancelled while the author is asked for is finished by the next attempt, once', async () => {
  const { answer } = books.directory;
  books.directory.answer = silence;
  onTestFinished(() => void Object.assign(books.directory, { answer }));
  const given = request();
  const caller = new AbortController();
  const failure = failureOf(books.api.createBook(given, { signal: caller.signal }));
  const isAsked = () => books.directory.received.some(({ request }) => request.id === given.authorId);
  await expect.poll(isAsked).toBe(true);
  caller.abort();
  expect(await failure).toMatchObject({ code: 'CANCELLED' });
  books.directory.answer = answer;
  const book = await books.api.createBook(given);
  const listed = await books.api.getBooksByAuthor({ authorId: given.authorId });
  expect(listed.books.map(({ id }) => id)).toEqual([book.id]);
});

test('a used request_id is known while the author service does not answer', async () => {
  const given = request();
  await books.api.createBook(given);
  const { answer } = books.directory;
  books.directory.answer = refuse(status.UNAVAILABLE);
  onTestFinished(() => void Object.assign(books.directory, { answer }));
  const other = { ...given, authorId: randomUUID() };
  expect(await failureOf(books.api.createBook(other))).toMatchObject({ reason: 'REQUEST_ID_REUSED' });
});

test('a request_id of zeros is one like any other, also for a service that starts later', async () => {
  const given = { ...request(), requestId: NIL_UUID };
  const book = await books.api.createBook(given);
  const later = await startTestService(bookService, {
    DATABASE_URL: books.databaseUrl,
    AUTHOR_SERVICE_ADDRESS: books.directory.address,
  });
  const api = promiseClient(BookServiceClient, later.publicPort);
  onTestFinished(async () => {
    api.close();
    await later.stop();
  });
  expect(await api.createBook(given)).toEqual(book);
});

test('after a deletion by force the request_id is free, and the author is gone for it', async () => {
  const given = request();
  const { authorId } = await books.api.createBook(given);
  await books.references.closeAuthor({ opId: randomUUID(), authorId, force: true });
  expect(await failureOf(books.api.createBook(given))).toMatchObject({ reason: 'AUTHOR_NOT_FOUND' });
  expect(await books.api.createBook({ ...given, authorId: randomUUID() })).toMatchObject({ title: given.title });
});

test('of many contents under one request_id at once one wins, and the others are told so', async () => {
  const given = request();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => books.api.createBook({ ...given, title: `Title ${n}` })),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(refused).toHaveLength(19);
  for (const { reason } of refused) {
    expect(await failureOf(Promise.reject(reason))).toMatchObject({ reason: 'REQUEST_ID_REUSED' });
  }
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
