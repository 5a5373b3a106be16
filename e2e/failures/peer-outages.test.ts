import { failureOf, healthOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { type OwnBookstore, startOwnBookstore } from '../src/client/own-bookstore.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const RECOVERED = { timeout: 20_000 };

let own: OwnBookstore;
let client: Bookstore;
beforeAll(async () => {
  own = await startOwnBookstore({ env: { RATE_LIMIT_PER_SECOND: '0' } });
  client = connect(own);
});
afterAll(async () => {
  client?.close();
  await own?.stop();
});
beforeEach(() => {
  own.log.length = 0;
});

async function kill(name: string): Promise<void> {
  const service = own.bookstore.service(name);
  service.signal('SIGKILL');
  await service.exited;
}

const warnings = (service: string) =>
  own.log
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((line) => line.service === service && line.level !== 'info');

test('deletions while the book service is away are pending, and done soon after it is back; the log says so once', async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await client.authors.createAuthor(anAuthor())).id),
  );
  await kill('book-service');
  for (const failure of await Promise.all(ids.map((id) => failureOf(client.authors.deleteAuthor({ id }))))) {
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', reason: 'DELETE_PENDING', domain: 'bookstore' });
  }
  const messages = () =>
    warnings('author-service')
      .map(({ msg }) => msg)
      .sort();
  await expect
    .poll(messages, RECOVERED)
    .toEqual(['calls fail with DELETE_PENDING', 'pending deletions cannot be settled']);
  const settling = warnings('author-service').find(({ msg }) => msg === 'pending deletions cannot be settled');
  expect(settling).toMatchObject({ err: { reason: 'BOOK_SERVICE_UNAVAILABLE', cause: { code: 14 } } });
  await own.bookstore.restart('book-service');

  for (const id of ids) {
    const read = () => client.authors.getAuthor({ id }).catch(({ details }) => details);
    await expect.poll(read, RECOVERED).toContain('no author has the id');
  }
  expect(warnings('author-service')).toHaveLength(2);
});

test('while the author service is away, books of known authors are created and others fail; the log says so once', async () => {
  const { author: known } = await authorWithBooks(client, 1);
  const { id: unknown } = await client.authors.createAuthor(anAuthor());
  own.log.length = 0;
  await kill('author-service');

  await client.books.createBook(aBook({ authorId: known.id }));
  expect((await client.books.getBooksByAuthor({ authorId: known.id })).books).toHaveLength(2);
  const calls = [
    ...Array.from({ length: 10 }, () => client.books.createBook(aBook({ authorId: unknown }))),
    client.books.getBooksByAuthor({ authorId: unknown }),
  ];
  for (const failure of await Promise.all(calls.map(failureOf))) {
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', reason: 'AUTHOR_SERVICE_UNAVAILABLE', domain: 'bookstore' });
  }
  expect(await healthOf(own.bookAddress)).toBe('SERVING');
  expect(warnings('book-service').map(({ msg }) => msg)).toEqual(['calls fail with AUTHOR_SERVICE_UNAVAILABLE']);

  await own.bookstore.restart('author-service');
  const create = () => client.books.createBook(aBook({ authorId: unknown })).catch(({ details }) => details);
  await expect.poll(create, RECOVERED).toMatchObject({ authorId: unknown });
});
