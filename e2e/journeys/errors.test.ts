import { failureOf, rawCall } from '@bookstore/sandbox/testing';
import { afterAll, expect, inject, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

/** Fails the call as soon as it is sent. */
function cancelled(call: (signal: AbortSignal) => Promise<unknown>) {
  const caller = new AbortController();
  const failure = failureOf(call(caller.signal));
  caller.abort();
  return failure;
}

test('INVALID_ARGUMENT names every bad field, and the request id by which the log has more', async () => {
  const failure = await failureOf(books.createBook());
  expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', domain: 'bookstore' });
  expect(Object.keys(failure.fields ?? {}).sort()).toEqual(['author_id', 'published_year', 'title']);
  expect(failure.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('a message that does not parse is MALFORMED_MESSAGE', async () => {
  const call = rawCall(bookAddress, '/bookstore.book.v1.BookService/CreateBook', Buffer.from('not a message'));
  expect(await failureOf(call)).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' });
});

test.each([
  ['an unknown method', authorAddress, '/bookstore.author.v1.AuthorService/Rename'],
  ['an unknown service', bookAddress, '/bookstore.v1.Nothing/Get'],
  ["the other service's method", authorAddress, '/bookstore.book.v1.BookService/GetBook'],
  ['an internal method', bookAddress, '/bookstore.book.v1.AuthorReferenceService/CloseAuthor'],
])('%s is UNIMPLEMENTED', async (_, address, path) => {
  const failure = await failureOf(rawCall(address, path, Buffer.alloc(0)));
  expect(failure).toMatchObject({ code: 'UNIMPLEMENTED' });
  expect(failure).not.toHaveProperty('reason');
});

test('a call past its deadline is DEADLINE_EXCEEDED, and the next one succeeds', async () => {
  const failure = await failureOf(authors.listAuthors({}, { deadlineMs: 0 }));
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(failure).not.toHaveProperty('reason');
  expect(await authors.createAuthor(anAuthor())).toHaveProperty('id');
});

test('the longest deadline of gRPC is kept, also by calls between the services', async () => {
  const settings = { deadlineMs: 99_999_999 * 3_600_000 };
  const { id: authorId } = await authors.createAuthor(anAuthor(), settings);
  // The book service does not know this author yet, and asks the author service.
  const { id } = await books.createBook(aBook({ authorId }), settings);
  expect(await books.getBook({ id }, settings)).toMatchObject({ authorId });
  expect(await authors.deleteAuthor({ id: authorId, force: true }, settings)).toMatchObject({ success: true });
});

test('many cancelled calls do not end the connection for others', async () => {
  const others = Promise.all(Array.from({ length: 5 }, () => authors.createAuthor(anAuthor())));
  const failures = await Promise.all(
    Array.from({ length: 100 }, () => cancelled((signal) => authors.listAuthors({ pageSize: 1 }, { signal }))),
  );
  for (const failure of failures) {
    expect(failure).toMatchObject({ code: 'CANCELLED' });
    expect(failure).not.toHaveProperty('reason');
  }
  expect(await others).toHaveLength(5);
});
