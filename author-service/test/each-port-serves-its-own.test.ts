import { AuthorServiceClient } from '@bookstore/proto';
import { failureOf, healthOf, promiseClient, rawCall, reflect } from '@bookstore/sandbox/testing';
import { LIVENESS } from '@bookstore/service-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

const SERVICE = 'bookstore.author.v1.AuthorService';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

test('the internal port serves GetAuthor, alike', async () => {
  const author = await authors.api.createAuthor(newAuthor());
  const internal = promiseClient(AuthorServiceClient, authors.service.internalPort);
  expect(await internal.getAuthor({ id: author.id })).toEqual(author);
  internal.close();
});

test('the internal port serves nothing else', async () => {
  const { internalPort } = authors.service;
  for (const method of ['CreateAuthor', 'UpdateAuthor', 'DeleteAuthor', 'ListAuthors']) {
    expect(await failureOf(rawCall(internalPort, `/${SERVICE}/${method}`, new Uint8Array()))).toMatchObject({
      code: 'UNIMPLEMENTED',
    });
  }
  const reflection = reflect(internalPort);
  await expect(reflection.services()).rejects.toMatchObject({ code: 12 });
  reflection.close();
});

test('both ports tell of health', async () => {
  for (const port of [authors.service.publicPort, authors.service.internalPort]) {
    for (const name of ['', SERVICE, LIVENESS]) expect(await healthOf(port, name)).toBe('SERVING');
    expect(await healthOf(port, 'bookstore.nobody')).toBe('NOT_FOUND');
  }
});

describe.each(['v1', 'v1alpha'] as const)('reflection %s', (version) => {
  test('lists the public services and gives the files of each symbol', async () => {
    const reflection = reflect(authors.service.publicPort, version);
    expect(await reflection.services()).toEqual([
      SERVICE,
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    for (const symbol of [SERVICE, `${SERVICE}.CreateAuthor`, 'bookstore.author.v1.Author']) {
      expect(await reflection.filesOf(symbol)).toEqual(['bookstore/author/v1/author.proto']);
    }
    for (const symbol of await reflection.services()) expect(await reflection.filesOf(symbol)).not.toEqual([]);
    reflection.close();
  });

  test("gives away nothing of the services' talk with each other", async () => {
    const reflection = reflect(authors.service.publicPort, version);
    for (const name of ['AuthorReferenceService', 'CloseAuthorRequest', 'CloseAuthorOutcome']) {
      expect(await reflection.filesOf(`bookstore.book.v1.${name}`)).toEqual([]);
    }
    reflection.close();
  });
});
