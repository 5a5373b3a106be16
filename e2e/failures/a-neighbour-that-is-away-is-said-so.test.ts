import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HealthCheckResponse_ServingStatus, HealthClient } from '@bookstore/proto';
import { type Bookstore, freePort, startBookstore } from '@bookstore/sandbox';
import { type Failure, failureOf, promiseClient } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;

let dataDir: string;
let bookstore: Bookstore;
let client: ReturnType<typeof connect>;
let bookAddress: string;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  // A busy machine may take long to open a connection; what is told of the database is not asked here.
  const env = { LOG_LEVEL: 'error', MAX_CALLS_IN_FLIGHT: '4', DATABASE_ACQUIRE_TIMEOUT_MS: '20000' };
  bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    durable: false,
    env,
    onLog: () => {},
  });
  bookAddress = `127.0.0.1:${bookPort}`;
  client = connect({ authorAddress: `127.0.0.1:${authorPort}`, bookAddress });
});

afterAll(async () => {
  client?.close();
  await bookstore?.stop();
  await rm(dataDir, { recursive: true });
});

/** While this service is gone, as after a crash. */
async function without(service: string, what: () => Promise<void>): Promise<void> {
  const process = bookstore.service(service);
  process.signal('SIGKILL');
  await process.exited;
  try {
    await what();
  } finally {
    await bookstore.restart(service);
  }
}

test('a full server refuses at once what is too much, and says when to come again', async () => {
  const calls = await Promise.all(
    Array.from({ length: 100 }, () => client.books.listBooks().then(() => undefined, failedCall)),
  );
  const refused = calls.filter((call) => call !== undefined);
  expect(refused).not.toEqual([]);
  expect(refused.length).toBeLessThan(calls.length);
  for (const failure of refused) {
    expect(failure).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'OVERLOADED', domain: 'bookstore' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
  }
  expect(await client.books.listBooks({ pageSize: 1 })).toHaveProperty('books');
});

const failedCall = (error: unknown): Promise<Failure> => failureOf(Promise.reject(error));

test('a deletion that the book service cannot decide is pending, and done once it is back', async () => {
  const { author } = await authorWithBooks(client, 0);
  await without('book-service', async () => {
    expect(await failureOf(client.authors.deleteAuthor({ id: author.id }))).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'DELETE_PENDING',
      domain: 'bookstore',
    });
  });
  await expect
    .poll(() => failureOf(client.authors.getAuthor({ id: author.id })).catch(() => 'still there'), { timeout: 15_000 })
    .toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
});

test('without the author service, books of known authors go on, and the others are told to try again', async () => {
  const { author: known } = await authorWithBooks(client, 1);
  const { id: unknown } = await client.authors.createAuthor(anAuthor());
  await without('author-service', async () => {
    await client.books.createBook(aBook({ authorId: known.id }));
    expect((await client.books.getBooksByAuthor({ authorId: known.id })).books).toHaveLength(2);
    const unavailable = { code: 'UNAVAILABLE', reason: 'AUTHOR_SERVICE_UNAVAILABLE', domain: 'bookstore' };
    expect(await failureOf(client.books.createBook(aBook({ authorId: unknown })))).toMatchObject(unavailable);
    expect(await failureOf(client.books.getBooksByAuthor({ authorId: unknown }))).toMatchObject(unavailable);
    expect(await healthOfBooks('')).toBe(SERVING);
  });
  await expect
    .poll(() => client.books.createBook(aBook({ authorId: unknown })), { timeout: 15_000 })
    .toMatchObject({ authorId: unknown });
});

test('without its database, a service is alive, unready, and says so', async () => {
  await bookstore.postgres.stop();
  await expect.poll(() => healthOfBooks(''), { timeout: 10_000 }).toBe(NOT_SERVING);
  expect(await healthOfBooks('liveness')).toBe(SERVING);
  const unavailable = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', domain: 'bookstore' };
  expect(await failureOf(client.books.listBooks())).toMatchObject(unavailable);
  expect(await failureOf(client.authors.createAuthor(anAuthor()))).toMatchObject(unavailable);
});

async function healthOfBooks(service: string) {
  const health = promiseClient(HealthClient, bookAddress);
  const { status } = await health.check({ service }).finally(() => health.close());
  return status;
}
