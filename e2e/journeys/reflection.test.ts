import { Reflection, rawCall } from '@bookstore/sandbox/testing';
import { create, type DescMessage, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, expect, inject, test } from 'vitest';
import { newEmail } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const CREATE_AUTHOR = '/bookstore.author.v1.AuthorService/CreateAuthor';
const [ofAuthors, ofBooks] = [new Reflection(authorAddress), new Reflection(bookAddress)];
afterAll(() => {
  ofAuthors.close();
  ofBooks.close();
});

test.each([
  [ofAuthors, 'bookstore.author.v1.AuthorService', 'bookstore.book.v1.Book'],
  [ofBooks, 'bookstore.book.v1.BookService', 'bookstore.author.v1.Author'],
])('it describes its own service, with the comments of the .proto files: %#', async (reflection, service, hidden) => {
  expect(await reflection.services()).toContain(service);
  const [file] = (await reflection.filesWith(service)) ?? [];
  const comments = file?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments).join('');
  expect(comments).toContain('1 to 200');
  for (const symbol of [hidden, 'bookstore.book.v1.AuthorReferenceService']) {
    expect(await reflection.filesWith(symbol), symbol).toBeUndefined();
  }
});

test('a client without .proto files can make a call and read the response', async () => {
  const registry = await ofAuthors.registry();
  const method = registry.getService('bookstore.author.v1.AuthorService')?.method.createAuthor;
  const [input, output] = [method?.input as DescMessage, method?.output as DescMessage];
  const email = newEmail();
  const request = fromJson(input, { name: 'Jorge Luis Borges', email });
  const answer = await rawCall(authorAddress, CREATE_AUTHOR, toBinary(input, create(input, request)));
  expect(toJson(output, fromBinary(output, answer))).toMatchObject({ name: 'Jorge Luis Borges', email });
});

test('a client without .proto files can read the details of an error', async () => {
  const registry = await ofAuthors.registry('google.rpc.Status', 'google.rpc.ErrorInfo', 'google.rpc.BadRequest');
  const { metadata } = await rawCall(authorAddress, CREATE_AUTHOR, new Uint8Array()).then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: ServiceError) => error,
  );
  const status = registry.getMessage('google.rpc.Status') as DescMessage;
  const bytes = metadata.get('grpc-status-details-bin')[0] as Buffer;
  expect(toJson(status, fromBinary(status, bytes), { registry })).toMatchObject({
    code: 3,
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'INVALID_FIELD', domain: 'bookstore' },
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: expect.any(Array) },
    ],
  });
});
