import { AuthorServiceClient } from '@bookstore/proto';
import { failureOf, healthOf, promiseClient, Reflection, rawCall } from '@bookstore/sandbox/testing';
import { LIVENESS } from '@bookstore/service-kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

const SERVICE = 'bookstore.author.v1.AuthorService';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

test('the internal port serves GetAuthor', async () => {
  const author = await authors.api.createAuthor(newAuthor());
  const internal = promiseClient(AuthorServiceClient, authors.service.internalPort);
  expect(await internal.getAuthor({ id: author.id })).toEqual(author);
  internal.close();
});

test('the internal port serves no other method, and no reflection', async () => {
  const { internalPort } = authors.service;
  for (const method of ['CreateAuthor', 'UpdateAuthor', 'DeleteAuthor', 'ListAuthors']) {
    expect(await failureOf(rawCall(internalPort, `/${SERVICE}/${method}`, new Uint8Array()))).toMatchObject({
      code: 'UNIMPLEMENTED',
    });
  }
  const reflection = new Reflection(internalPort);
  await expect(reflection.services()).rejects.toMatchObject({ code: 12 });
  reflection.close();
});

test('both ports serve health by each name', async () => {
  for (const port of [authors.service.publicPort, authors.service.internalPort]) {
    for (const name of ['', SERVICE, LIVENESS]) expect(await healthOf(port, name)).toBe('SERVING');
    expect(await healthOf(port, 'bookstore.nobody')).toBe('NOT_FOUND');
  }
});
