import { randomUUID } from 'node:crypto';
import { AuthorReferenceServiceClient, BookServiceClient, CloseAuthorOutcome } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  type PromiseClient,
  prepareTemplate,
  promiseClient,
  startDatabaseProxy,
  startTestService,
  startThrowAwayPostgres,
} from '@bookstore/sandbox/testing';
import type { RunningService } from '@bookstore/service-kit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookService } from '../src/book-service.js';
import { newBook } from './start-books.js';

/** A server of its own: its processes are stopped. */
let postgres: Awaited<ReturnType<typeof startThrowAwayPostgres>>;
let network: Awaited<ReturnType<typeof startDatabaseProxy>>;
let service: RunningService;
let api: PromiseClient<BookServiceClient>;
let references: PromiseClient<AuthorReferenceServiceClient>;
/** The database as its owner, past the network. */
let database: pg.Pool;
beforeAll(async () => {
  postgres = await startThrowAwayPostgres({});
  await prepareTemplate(postgres.url(), 'book-service');
  const { url, adminUrl } = await createServiceDatabase(postgres.url(), 'book-service');
  network = await startDatabaseProxy(url);
  database = new pg.Pool({ connectionString: adminUrl });
  database.on('error', () => {}); // its connections may outlive the server by a moment
  service = await startTestService(bookService, {
    DATABASE_URL: network.url,
    // Whatever is wrong with a connection, the next statement meets it.
    DATABASE_POOL_SIZE: '1',
    DATABASE_STATEMENT_TIMEOUT_MS: '300',
    // The test counts statements: no look at the database comes between.
    READINESS_INTERVAL_MS: '600000',
    AUTHOR_SERVICE_ADDRESS: '127.0.0.1:1',
  });
  api = promiseClient(BookServiceClient, service.publicPort);
  references = promiseClient(AuthorReferenceServiceClient, service.internalPort);
});
afterAll(async () => {
  api?.close();
  references?.close();
  await service?.stop();
  await network?.stop();
  await database?.end();
  await postgres?.stop();
});

const sql = async (text: string, ...values: unknown[]) => (await database.query(text, values)).rows;

/** The processes that serve the book service's connections. */
const backends = async () =>
  (await sql("SELECT pid, state FROM pg_stat_activity WHERE application_name = 'book-service'")) as {
    pid: number;
    state: string;
  }[];

async function authorWithBook(): Promise<string> {
  const authorId = randomUUID();
  await sql('INSERT INTO author_refs (author_id) VALUES ($1)', authorId);
  await api.createBook(newBook({ authorId }));
  return authorId;
}

/** What the database holds of an author: whether closings are recorded, the reference is live, and books are there. */
const stateOf = async (authorId: string) =>
  (
    await sql(
      `SELECT live, (SELECT count(*)::int FROM books WHERE author_id = $1) AS books,
              (SELECT count(*)::int FROM author_closings WHERE author_id = $1) AS closings
       FROM author_refs WHERE author_id = $1`,
      authorId,
    )
  )[0];
const UNTOUCHED = { live: true, books: 1, closings: 0 };
const CLOSED = { live: false, books: 0, closings: 1 };

/** Stops the database when the service sends its statement number `n`, until `run` has ended; true when there was one. */
async function stopAt(n: number, run: () => Promise<unknown>): Promise<boolean> {
  const [backend] = await backends();
  if (!backend) throw new Error('the service has no connection');
  let sent = 0;
  network.injectFault((chunk, direction) => {
    if (direction === 'request' && ++sent === n) process.kill(backend.pid, 'SIGSTOP');
    return chunk;
  });
  try {
    await run();
  } finally {
    network.heal();
    if (sent >= n) process.kill(backend.pid, 'SIGCONT');
  }
  return sent >= n;
}

test('a database that stops within a statement of a closing loses no write and leaves nothing half done', async () => {
  const known = await authorWithBook();
  const acknowledged: string[] = [];
  const closings: { opId: string; authorId: string; state: unknown }[] = [];
  let statements = 0;
  for (;;) {
    const [opId, authorId] = [randomUUID(), await authorWithBook()];
    const stopped = await stopAt(statements + 1, async () => {
      const failure = await failureOf(references.closeAuthor({ opId, authorId, force: true })).catch(() => undefined);
      if (failure) expect(failure).toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
    });
    if (!stopped) break;
    statements++;
    // Were the connection to go on within its transaction, these would be acknowledged and never committed.
    for (let made = 0; made < 3; made++) {
      const book = await api.createBook(newBook({ authorId: known }));
      acknowledged.push(book.id);
    }
    expect((await backends()).filter(({ state }) => state.startsWith('idle in transaction'))).toEqual([]);
    const found = await sql('SELECT id FROM books WHERE id = ANY($1)', acknowledged);
    expect(found).toHaveLength(acknowledged.length);
    const state = await stateOf(authorId);
    expect([UNTOUCHED, CLOSED]).toContainEqual(state);
    closings.push({ opId, authorId, state });
  }
  // BEGIN, seven statements, COMMIT.
  expect(statements).toBe(9);

  for (const { opId, authorId, state } of closings) {
    expect(await stateOf(authorId)).toEqual(state);
    expect(await references.closeAuthor({ opId, authorId, force: true })).toEqual({
      outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED,
      bookCount: 1,
    });
    expect(await stateOf(authorId)).toEqual(CLOSED);
  }
});
