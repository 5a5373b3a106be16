import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorReferenceServiceClient, BookServiceClient } from '@bookstore/proto';
import { type Bookstore, freePort, ServiceProcess, startBookstore } from '@bookstore/sandbox';
import { BUSY_MACHINE, failureOf, healthOf, promiseClient } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const STATEMENT_TIMEOUT_MS = 1000;
/** As an overloaded service asks. */
const RETRY_AFTER_MS = 100;

let dataDir: string;
let bookstore: Bookstore;
let client: ReturnType<typeof connect>;
let authors: pg.Pool;
let books: pg.Pool;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  bookstore = await startBookstore({
    dataDir,
    durable: false,
    env: { ...BUSY_MACHINE, LOG_LEVEL: 'error', DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS) },
    onLog: () => {},
  });
  client = connect({
    authorAddress: bookstore.service('author-service').address,
    bookAddress: bookstore.service('book-service').address,
  });
  authors = new pg.Pool({ connectionString: bookstore.postgres.url('authors') });
  books = new pg.Pool({ connectionString: bookstore.postgres.url('books') });
});

afterAll(async () => {
  client?.close();
  await Promise.all([authors?.end(), books?.end()]);
  await bookstore?.stop();
  await rm(dataDir, { recursive: true });
});

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

/** A second process of a service, with the settings of the first. */
async function startReplica(service: string) {
  const ports = { publicPort: await freePort(), internalPort: await freePort() };
  return { ...ports, replica: ServiceProcess.spawn({ ...bookstore.service(service).options, ...ports }) };
}

test('when a deadline passes within a transaction, nothing is committed', async () => {
  const { author } = await authorWithBooks(client, 1);
  const port = bookstore.service('book-service').options.internalPort;
  const references = promiseClient(AuthorReferenceServiceClient, port);
  const close = { opId: randomUUID(), authorId: author.id, force: true };
  await whileLocked(author.id, async () => {
    const failure = await failureOf(references.closeAuthor(close, { deadlineMs: STATEMENT_TIMEOUT_MS / 2 }));
    expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
  references.close();
  const open = "SELECT FROM pg_stat_activity WHERE application_name = 'book-service' AND xact_start IS NOT NULL";
  await expect.poll(async () => (await books.query(open)).rowCount).toBe(0);
  expect((await books.query('SELECT FROM author_closings')).rowCount).toBe(0);
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
  const { replica } = await startReplica('author-service');
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

test('a service does not serve while a migration of its database is unfinished', async () => {
  await books.query('UPDATE _prisma_migrations SET finished_at = NULL');
  const { replica, publicPort } = await startReplica('book-service');
  const unready = promiseClient(BookServiceClient, publicPort);
  try {
    const serving = replica.serving();
    await expect.poll(() => healthOf(publicPort)).toBe('NOT_SERVING');
    const unavailable = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' };
    expect(await failureOf(unready.listBooks())).toMatchObject(unavailable);
    await books.query('UPDATE _prisma_migrations SET finished_at = now()');
    await serving;
  } finally {
    unready.close();
    await replica.stop();
  }
});
