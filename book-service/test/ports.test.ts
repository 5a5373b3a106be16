import { failureOf, healthOf, Reflection, rawCall } from '@bookstore/sandbox/testing';
import { LIVENESS } from '@bookstore/service-kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('the internal port serves no method of the public one, and no reflection', async () => {
  const { internalPort } = books.service;
  for (const method of ['CreateBook', 'GetBook', 'UpdateBook', 'DeleteBook', 'ListBooks', 'GetBooksByAuthor']) {
    expect(await call(internalPort, `/${SERVICE}/${method}`)).toMatchObject({ code: 'UNIMPLEMENTED' });
  }
  const reflection = new Reflection(internalPort);
  await expect(reflection.services()).rejects.toMatchObject({ code: 12 });
  reflection.close();
});

test('each port serves the health of its own services', async () => {
  const { publicPort, internalPort } = books.service;
  for (const port of [publicPort, internalPort]) {
    for (const name of ['', LIVENESS]) expect(await healthOf(port, name)).toBe('SERVING');
  }
  expect(await healthOf(publicPort, SERVICE)).toBe('SERVING');
  expect(await healthOf(internalPort, SERVICE)).toBe('NOT_FOUND');
  expect(await healthOf(internalPort, INTERNAL_SERVICE)).toBe('SERVING');
  expect(await healthOf(publicPort, INTERNAL_SERVICE)).toBe('NOT_FOUND');
});
