import { Reflection, rawCall } from '@bookstore/sandbox/testing';
import { create, type DescMessage, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { newEmail } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const CREATE_AUTHOR = '/bookstore.author.v1.AuthorService/CreateAuthor';
const infrastructure = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];
const cases = (['v1', 'v1alpha'] as const).flatMap((version) => [
  { version, address: authorAddress, service: 'bookstore.author.v1.AuthorService', hidden: 'bookstore.book.v1.Book' },
  { version, address: bookAddress, service: 'bookstore.book.v1.BookService', hidden: 'bookstore.author.v1.Author' },
]);

describe.each(cases)('reflection $version of $service', ({ version, address, service, hidden }) => {
  const reflection = new Reflection(address, version);
  afterAll(() => reflection.close());

  test('lists the public services', async () => {
    expect(await reflection.services()).toEqual([service, ...infrastructure]);
  });

  test('describes them, with the comments of the .proto files', async () => {
    const [file] = (await reflection.filesWith(service)) ?? [];
    expect(file?.name).toMatch(/^bookstore\/.+\.proto$/);
    const comments = file?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments).join('');
    expect(comments).toContain('1 to 200');
  });

  test('describes nothing else', async () => {
    for (const symbol of [hidden, 'bookstore.book.v1.AuthorReferenceService', 'bookstore.book.v1.Nothing']) {
      expect(await reflection.filesWith(symbol), symbol).toBeUndefined();
    }
  });
});

describe('a client without .proto files', () => {
  const reflection = new Reflection(authorAddress);
  afterAll(() => reflection.close());

  test('can make a call and read the response', async () => {
    const registry = await reflection.registry();
    const method = registry.getService('bookstore.author.v1.AuthorService')?.method.createAuthor;
    const [input, output] = [method?.input as DescMessage, method?.output as DescMessage];
    const email = newEmail();
    const request = fromJson(input, { name: 'Jorge Luis Borges', email });
    const answer = await rawCall(authorAddress, CREATE_AUTHOR, toBinary(input, create(input, request)));
    expect(toJson(output, fromBinary(output, answer.bytes))).toMatchObject({ name: 'Jorge Luis Borges', email });
  });

  test('can read the details of an error', async () => {
    const details = ['ErrorInfo', 'BadRequest', 'ResourceInfo', 'RetryInfo'].map((name) => `google.rpc.${name}`);
    const registry = await reflection.registry('google.rpc.Status', ...details);
    for (const detail of details) expect(registry.getMessage(detail), detail).toBeDefined();
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
});
