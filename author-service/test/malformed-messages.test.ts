import { failureOf, rawCall } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

const send = (method: string, ...bytes: number[]) =>
  rawCall(authors.service.publicPort, `/bookstore.author.v1.AuthorService/${method}`, Uint8Array.from(bytes));

/** Field 1, a string. */
const STRING_1 = 0x0a;

test.each([
  ['a string that ends before its length', [STRING_1, 5, 0x61]],
  ['a length that ends before its bytes', [STRING_1, 0x80]],
  ['a length beyond 32 bits', [STRING_1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a lone byte that is no UTF-8', [STRING_1, 1, 0xff]],
  ['an overlong encoding of a slash', [STRING_1, 2, 0xc0, 0xaf]],
  ['half of a surrogate pair', [STRING_1, 3, 0xed, 0xa0, 0x80]],
  ['a code point beyond Unicode', [STRING_1, 4, 0xf4, 0x90, 0x80, 0x80]],
  ['a wire type that does not exist', [0x0f, 1]],
  ['a varint without an end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ['a fixed field cut short', [0x09, 1, 2, 3]],
  ['the field number 0', [0x00, 0x00]],
  ['the end of a group that did not begin', [0x0c]],
  ['a group without its end', [0x0b]],
  ['a thousand groups within each other', Array<number>(1000).fill(0x0b)],
])('%s is MALFORMED_MESSAGE on every method', async (_what, bytes) => {
  for (const method of ['CreateAuthor', 'GetAuthor', 'UpdateAuthor', 'DeleteAuthor']) {
    expect(await failureOf(send(method, ...bytes))).toEqual({
      code: 'INVALID_ARGUMENT',
      reason: 'MALFORMED_MESSAGE',
      domain: 'bookstore',
      metadata: {},
      message: 'the request message does not parse',
      requestId: expect.any(String),
    });
  }
});

test('bytes that are no message do not pass for an empty one', async () => {
  for (const bytes of [[0x00], [0x0c], [0x04, 0xff, 0xff]]) {
    expect(await failureOf(send('ListAuthors', ...bytes))).toMatchObject({ reason: 'MALFORMED_MESSAGE' });
  }
});

test('a field of another type is a field that is not known, and so one that is missing', async () => {
  // Field 1 as a varint; protobuf passes over it.
  expect(await failureOf(send('GetAuthor', 0x08, 1))).toMatchObject({
    reason: 'INVALID_FIELD',
    fields: { id: 'is required' },
  });
});

test('a field that this version does not know is passed over', async () => {
  // Field 1000, a string.
  expect(await send('ListAuthors', 0xc2, 0x3e, 1, 0x61)).toHaveLength(0);
});

test('a message beyond the limit is refused, and the connection and the service live on', async () => {
  const tooLong = newAuthor({ name: 'x'.repeat(2_000_000) });
  expect(await failureOf(authors.api.createAuthor(tooLong))).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  await Promise.all(Array.from({ length: 50 }, () => failureOf(send('CreateAuthor', STRING_1, 1, 0xff))));
  const author = await authors.api.createAuthor(newAuthor());
  expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
});

test('a method that does not exist is UNIMPLEMENTED', async () => {
  expect(await failureOf(send('BurnAuthor'))).toMatchObject({ code: 'UNIMPLEMENTED' });
});
