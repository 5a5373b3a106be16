import { failureOf, rawCall } from '@bookstore/sandbox/testing';
import { afterAll, expect, inject, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

const nothing = Buffer.alloc(0);

test.each([
  ['a method that there is not', authorAddress, '/bookstore.author.v1.AuthorService/Rename'],
  ['a service that there is not', bookAddress, '/bookstore.v1.Nothing/Get'],
  ["the other service's method", authorAddress, '/bookstore.book.v1.BookService/GetBook'],
  ['an internal method', bookAddress, '/bookstore.book.v1.AuthorReferenceService/CloseAuthor'],
  ['an internal method, at the other port', authorAddress, '/bookstore.book.v1.AuthorReferenceService/CloseAuthor'],
])('%s is UNIMPLEMENTED', async (_, address, path) => {
  const failure = await failureOf(rawCall(address, path, nothing));
  expect(failure).toMatchObject({ code: 'UNIMPLEMENTED' });
  expect(failure).not.toHaveProperty('reason');
});

test('a deadline that passes is DEADLINE_EXCEEDED, and the next call is answered', async () => {
  const failure = await failureOf(authors.listAuthors({}, { deadlineMs: 0 }));
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(failure).not.toHaveProperty('reason');
  expect(await authors.createAuthor(anAuthor())).toHaveProperty('id');
});

test.each([
  ['30 days', 30 * 24],
  ['as long as gRPC can carry', 99_999_999],
])('a deadline of %s is kept, also by the calls from service to service', async (_how, hours) => {
  const patiently = { deadlineMs: hours * 3_600_000 };
  const { id: authorId } = await authors.createAuthor(anAuthor(), patiently);
  // Of an author that the book service has to ask for.
  const { id } = await books.createBook(aBook({ authorId }), patiently);
  expect(await books.getBook({ id }, patiently)).toMatchObject({ authorId });
  expect(await authors.deleteAuthor({ id: authorId, force: true }, patiently)).toMatchObject({ success: true });
});

test('a caller that goes away is CANCELLED, and the next call is answered', async () => {
  const gone = new AbortController();
  const call = failureOf(authors.listAuthors({}, { signal: gone.signal }));
  gone.abort();
  const failure = await call;
  expect(failure).toMatchObject({ code: 'CANCELLED' });
  expect(failure).not.toHaveProperty('reason');
  expect(await authors.createAuthor(anAuthor())).toHaveProperty('id');
});

test('many callers that go away do not end the connection for others', async () => {
  const staying = Promise.all(Array.from({ length: 5 }, () => authors.createAuthor(anAuthor())));
  const leaving = Array.from({ length: 100 }, () => {
    const gone = new AbortController();
    const call = failureOf(authors.listAuthors({ pageSize: 1 }, { signal: gone.signal }));
    gone.abort();
    return call;
  });
  for (const { code } of await Promise.all(leaving)) expect(code).toBe('CANCELLED');
  expect(await staying).toHaveLength(5);
});
