import { fileDescriptors } from '@bookstore/proto';
import { rawCall } from '@bookstore/sandbox/testing';
import {
  create,
  type DescEnum,
  type DescFile,
  type DescMessage,
  equals,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { Reflection, type ReflectionVersion } from '../src/client/reflection.js';
import { newEmail } from '../src/client/samples.js';

const { authorAddress, bookAddress } = inject('target');
const infrastructure = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];
const ports = [
  { port: 'author', address: authorAddress, own: 'bookstore.author.v1.AuthorService', other: 'bookstore.book.v1.Book' },
  { port: 'book', address: bookAddress, own: 'bookstore.book.v1.BookService', other: 'bookstore.author.v1.Author' },
];
const versions: ReflectionVersion[] = ['v1', 'v1alpha'];
const cases = ports.flatMap((port) => versions.map((version) => ({ ...port, version })));

describe.each(cases)('the $port port by reflection $version', ({ address, version, own, other }) => {
  const reflection = new Reflection(address, version);
  afterAll(() => reflection.close());

  test('lists its services', async () => {
    expect((await reflection.services()).sort()).toEqual([own, ...infrastructure]);
  });

  test('describes every symbol of theirs, comments included, exactly as it was written', async () => {
    const contract = fileDescriptors().map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    for (const service of await reflection.services()) {
      const [file] = (await reflection.filesWith(service)) ?? [];
      const written = contract.find(({ name }) => name === file?.name);
      expect(file && written && equals(FileDescriptorProtoSchema, file, written), service).toBe(true);
    }
    for (const type of await reflection.registry()) {
      const files = await reflection.filesWith(type.typeName);
      expect(
        files?.map(({ name }) => name),
        type.typeName,
      ).toContain(`${type.file.name}.proto`);
    }
    const { files: described } = await reflection.registry('google.rpc.Status');
    for (const symbol of [...described].flatMap(symbolsOf)) {
      expect(await reflection.filesWith(symbol), symbol).toBeDefined();
    }
    const comments = contract.find(({ name }) => name.endsWith('/book.proto'))?.sourceCodeInfo?.location ?? [];
    expect(comments.some(({ leadingComments }) => leadingComments?.includes('Title, 1 to 200'))).toBe(true);
  });

  test('describes the details that come with an error', async () => {
    for (const detail of ['ErrorInfo', 'BadRequest', 'ResourceInfo', 'RetryInfo']) {
      const files = await reflection.filesWith(`google.rpc.${detail}`);
      expect(files?.map(({ name }) => name)).toEqual([
        'google/rpc/error_details.proto',
        'google/protobuf/duration.proto',
      ]);
    }
  });

  test('describes nothing that it does not serve', async () => {
    for (const symbol of [other, 'bookstore.book.v1.AuthorReferenceService', 'bookstore.book.v1.Nothing']) {
      expect(await reflection.filesWith(symbol), symbol).toBeUndefined();
    }
  });
});

test('a failed call can be read with what reflection tells, and nothing else', async () => {
  const reflection = new Reflection(authorAddress, 'v1');
  const registry = await reflection.registry('google.rpc.Status', 'google.rpc.ErrorInfo');
  reflection.close();
  const failed = rawCall(authorAddress, '/bookstore.author.v1.AuthorService/CreateAuthor', new Uint8Array());
  const { metadata } = await failed.then(
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

test('a call can be made with what reflection tells, and nothing else', async () => {
  const reflection = new Reflection(authorAddress, 'v1');
  const registry = await reflection.registry();
  reflection.close();
  const method = registry.getService('bookstore.author.v1.AuthorService')?.method.createAuthor;
  const [input, output] = [method?.input as DescMessage, method?.output as DescMessage];
  const email = newEmail();
  const request = fromJson(input, { name: 'Jorge Luis Borges', email });
  const answer = await rawCall(
    authorAddress,
    '/bookstore.author.v1.AuthorService/CreateAuthor',
    toBinary(input, create(input, request)),
  );
  expect(toJson(output, fromBinary(output, answer.bytes))).toMatchObject({ name: 'Jorge Luis Borges', email });
});

/** The full names of all that a file defines. */
function symbolsOf({ proto, messages, enums, services }: DescFile): string[] {
  const valuesOf = (scope: string, { typeName, values }: DescEnum) => [
    typeName,
    ...values.map(({ name }) => `${scope}.${name}`),
  ];
  const inMessage = (message: DescMessage): string[] => [
    message.typeName,
    ...[...message.fields, ...message.oneofs].map(({ name }) => `${message.typeName}.${name}`),
    ...message.nestedEnums.flatMap((one) => valuesOf(message.typeName, one)),
    ...message.nestedMessages.flatMap(inMessage),
  ];
  return [
    ...messages.flatMap(inMessage),
    ...enums.flatMap((one) => valuesOf(proto.package, one)),
    ...services.flatMap(({ typeName, methods }) => [typeName, ...methods.map(({ name }) => `${typeName}.${name}`)]),
  ];
}
