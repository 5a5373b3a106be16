import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorReferenceServiceClient } from '@bookstore/proto';
import { freePort, ServiceProcess } from '@bookstore/sandbox';
import { failureOf, healthOf, promiseClient } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { type OwnBookstore, startOwnBookstore } from '../src/client/own-bookstore.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const STATEMENT_TIMEOUT_MS = 1000;
/** As an overloaded service asks. */
const RETRY_AFTER_MS = 100;
const RECOVERED = { timeout: 20_000 };

let own: OwnBookstore;
let client: Bookstore;
let authors: pg.Pool;
let books: pg.Pool;

beforeAll(async () => {
  const limits = { DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS), RATE_LIMIT_PER_SECOND: '0' };
  own = await startOwnBookstore({ env: { LOG_LEVEL: 'warn', ...limits } });
  client = connect(own);
  authors = new pg.Pool({ connectionString: own.bookstore.postgres.url('authors') });
  books = new pg.Pool({ connectionString: own.bookstore.postgres.url('books') });
});

afterAll(async () => {
  client?.close();
  await Promise.all([authors?.end(), books?.end()]);
  await own?.stop();
});

/** Kills a service; the log begins anew. */
async function kill(name: string): Promise<void> {
  own.log.length = 0;
  const service = own.bookstore.service(name);
  service.signal('SIGKILL');
  await service.exited;
}

const warnings = (service: string) =>
  own.log
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((line) => line.service === service);

/** Runs something while another connection holds the lock of an author's reference. */
async function whileLocked<T>(authorId: string, run: () => Promise<T>): Promise<T> {
  const holder = await books.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM author_refs WHERE author_id = $1 FOR UPDATE', [authorId]);
    return await run();
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
}

const statementsThatWait = async () =>
  (
    await books.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'book-service' AND wait_event_type = 'Lock'",
    )
  ).rowCount;

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

test('when a deadline passes within a transaction, nothing is committed', async () => {
  const { author } = await authorWithBooks(client, 1);
  const port = own.bookstore.service('book-service').options.internalPort;
  const references = promiseClient(AuthorReferenceServiceClient, port);
  const close = { opId: randomUUID(), authorId: author.id, force: true };
  await whileLocked(author.id, async () => {
    const failure = await failureOf(references.closeAuthor(close, { deadlineMs: STATEMENT_TIMEOUT_MS / 2 }));
    expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
  references.close();
  const open = "SELECT FROM pg_stat_activity WHERE application_name = 'book-service' AND xact_start IS NOT NULL";
  await expect.poll(async () => (await books.query(open)).rowCount).toBe(0);
  const closings = await books.query('SELECT FROM author_closings WHERE author_id = $1', [author.id]);
  expect(closings.rowCount).toBe(0);
  expect((await client.books.getBooksByAuthor({ authorId: author.id })).books).toHaveLength(1);
});

test('a statement that waits for a lock ends by the statement timeout', async () => {
  const { author } = await authorWithBooks(client, 1);
  await whileLocked(author.id, async () => {
    const create = client.books.createBook(aBook({ authorId: author.id }), { deadlineMs: STATEMENT_TIMEOUT_MS / 2 });
    const startedAt = performance.now();
    await expect.poll(statementsThatWait, { interval: 10 }).toBe(1);
    expect(await failureOf(create)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect.poll(statementsThatWait, { interval: 10 }).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(2 * STATEMENT_TIMEOUT_MS);
  });
});

test('other calls on a connection with thousands of cancelled calls succeed after at most one retry', async () => {
  const { author } = await authorWithBooks(client, 1);
  const cancelling = new AbortController();
  setMaxListeners(0, cancelling.signal);
  // The author is unknown, so that the book service must cancel as many calls to the author service.
  const cancelled = Array.from({ length: 2000 }, () =>
    failureOf(client.books.createBook(aBook({ authorId: randomUUID() }), { signal: cancelling.signal })),
  );
  const read = () => client.books.getBooksByAuthor({ authorId: author.id }, { deadlineMs: 20_000 });
  const reads = Array.from({ length: 50 }, () => read().catch(() => sleep(RETRY_AFTER_MS).then(read)));
  setTimeout(() => cancelling.abort(), 20);
  for (const { books } of await Promise.all(reads)) expect(books).toHaveLength(1);
  await Promise.all(cancelled);
});

test('deletions left by crashes are settled once, by two replicas and by callers who delete the same authors', async () => {
  const made = await Promise.all(Array.from({ length: 40 }, (_, index) => authorWithBooks(client, index % 2)));
  const ids = made.map(({ author }) => author.id);
  const ports = { publicPort: await freePort(), internalPort: await freePort() };
  const replica = new ServiceProcess({ ...own.bookstore.service('author-service').options, ...ports });
  try {
    await replica.serving();
    const { rows: pending } = await authors.query(
      `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = random() < 0.3,
              delete_next_try_at = now() WHERE id = ANY($1) RETURNING delete_op_id`,
      [ids],
    );
    await Promise.all(ids.map((id) => client.authors.deleteAuthor({ id }).catch(() => {})));
    const deleting = "SELECT FROM authors WHERE state = 'DELETING'";
    await expect.poll(async () => (await authors.query(deleting)).rowCount, { timeout: 30_000 }).toBe(0);

    const { rows: closings } = await books.query(
      'SELECT op_id, author_id, outcome FROM author_closings WHERE author_id = ANY($1)',
      [ids],
    );
    const { rows: left } = await authors.query('SELECT id FROM authors WHERE id = ANY($1)', [ids]);
    const closed = closings.filter(({ outcome }) => outcome === 'CLOSED').map(({ author_id }) => author_id);
    expect(new Set([...closed, ...left.map(({ id }) => id)])).toEqual(new Set(ids));
    expect(left.filter(({ id }) => closed.includes(id))).toEqual([]);
    const settled = new Set(closings.map(({ op_id }) => op_id));
    expect(pending.filter(({ delete_op_id }) => !settled.has(delete_op_id))).toEqual([]);
    const { rows } = await books.query('SELECT sum(deadlocks)::int AS deadlocks FROM pg_stat_database');
    expect(rows).toEqual([{ deadlocks: 0 }]);
    expect(await client.authors.createAuthor(anAuthor())).toHaveProperty('id');
  } finally {
    await replica.stop();
  }
});
