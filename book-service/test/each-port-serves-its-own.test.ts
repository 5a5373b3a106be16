import { failureOf, healthOf, rawCall, reflect } from '@bookstore/sandbox/testing';
import { LIVENESS } from '@bookstore/service-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, startBooks } from './start-books.js';

const SERVICE = 'bookstore.book.v1.BookService';
const INTERNAL_SERVICE = 'bookstore.book.v1.AuthorReferenceService';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());

const call = (port: number, path: string) => failureOf(rawCall(port, path, new Uint8Array()));

test('the public port does not close authors', async () => {
  expect(await call(books.service.publicPort, `/${INTERNAL_SERVICE}/CloseAuthor`)).toMatchObject({
    code: 'UNIMPLEMENTED',
  });
});

test('the internal port serves no books', async () => {
  const { internalPort } = books.service;
  for (const method of ['CreateBook', 'GetBook', 'UpdateBook', 'DeleteBook', 'ListBooks', 'GetBooksByAuthor']) {
    expect(await call(internalPort, `/${SERVICE}/${method}`)).toMatchObject({ code: 'UNIMPLEMENTED' });
  }
  const reflection = reflect(internalPort);
  await expect(reflection.services()).rejects.toMatchObject({ code: 12 });
  reflection.close();
});

test('each port tells of the health of what it serves, and of nothing else', async () => {
  const { publicPort, internalPort } = books.service;
  for (const name of ['', LIVENESS]) {
    expect(await healthOf(publicPort, name)).toBe('SERVING');
    expect(await healthOf(internalPort, name)).toBe('SERVING');
  }
  expect(await healthOf(publicPort, SERVICE)).toBe('SERVING');
  expect(await healthOf(internalPort, SERVICE)).toBe('NOT_FOUND');
  expect(await healthOf(internalPort, INTERNAL_SERVICE)).toBe('SERVING');
  expect(await healthOf(publicPort, INTERNAL_SERVICE)).toBe('NOT_FOUND');
});

describe.each(['v1', 'v1alpha'] as const)('reflection %s', (version) => {
  test('lists the public services and gives the files of each symbol', async () => {
    const reflection = reflect(books.service.publicPort, version);
    expect(await reflection.services()).toEqual([
      SERVICE,
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    for (const symbol of [SERVICE, `${SERVICE}.GetBooksByAuthor`, 'bookstore.book.v1.AuthorBook']) {
      expect(await reflection.filesOf(symbol)).toEqual(['bookstore/book/v1/book.proto']);
    }
    for (const symbol of await reflection.services()) expect(await reflection.filesOf(symbol)).not.toEqual([]);
    reflection.close();
  });

  test("gives away nothing of the services' talk with each other", async () => {
    const reflection = reflect(books.service.publicPort, version);
    for (const name of ['AuthorReferenceService', 'CloseAuthorRequest', 'CloseAuthorOutcome']) {
      expect(await reflection.filesOf(`bookstore.book.v1.${name}`)).toEqual([]);
    }
    reflection.close();
  });
});
