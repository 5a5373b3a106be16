import { AuthorReferenceServiceService, AuthorServiceService, BookServiceService } from '@bookstore/proto';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { responseEncoder } from '../src/server/responses.js';

const author = {
  id: 'a',
  name: 'Ursula K. Le Guin',
  email: 'ursula@example.com',
  createdAt: '2026-11-22T18:04:05.123Z',
};
const encode = responseEncoder(AuthorServiceService.getAuthor);
const encodePage = responseEncoder(AuthorServiceService.listAuthors);

test.for(
  [AuthorServiceService, BookServiceService, AuthorReferenceServiceService].flatMap((service: ServiceDefinition) =>
    Object.values(service),
  ),
)('the empty answer of $path', (method) => {
  const empty = method.responseDeserialize(Buffer.alloc(0));
  const encodeEmpty = responseEncoder(method);
  expect(encodeEmpty).not.toBe(method.responseSerialize);
  expect(encodeEmpty(empty)).toEqual(method.responseSerialize(empty));
});

test('one after the other, each stays as it was', () => {
  const names = ['short', 'x'.repeat(300_000), 'ö 🙂', ''];
  const encoded = names.map((name) => encode({ ...author, name }));
  const page = encodePage({ authors: Array(1000).fill(author), nextPageToken: 'next' });
  expect(encoded).toEqual(names.map((name) => AuthorServiceService.getAuthor.responseSerialize({ ...author, name })));
  expect(AuthorServiceService.listAuthors.responseDeserialize(page)).toEqual({
    authors: Array(1000).fill(author),
    nextPageToken: 'next',
  });
});

test('one that cannot be encoded leaves nothing in the next', () => {
  const broken = {
    ...author,
    get email(): string {
      throw new Error('no e-mail');
    },
  };
  expect(() => encode(broken)).toThrow('no e-mail');
  expect(encode(author)).toEqual(AuthorServiceService.getAuthor.responseSerialize(author));
});
