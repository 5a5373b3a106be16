import { randomUUID } from 'node:crypto';
import { AuthorServiceClient } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  healthOf,
  type PromiseClient,
  promiseClient,
  startDatabaseProxy,
  startTestService,
  testEnvironment,
} from '@bookstore/sandbox/testing';
import { LIVENESS, type RunningService, startService } from '@bookstore/service-kit';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { authorService } from '../src/author-service.js';
import { newAuthor } from './start-authors.js';

let network: Awaited<ReturnType<typeof startDatabaseProxy>>;
let service: RunningService;
let api: PromiseClient<AuthorServiceClient>;
/** Past that network, as the owner. */
let database: pg.Pool;
beforeAll(async () => {
  const { url, adminUrl } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  network = await startDatabaseProxy(url);
  database = new pg.Pool({ connectionString: adminUrl });
  service = await startTestService(authorService, {
    DATABASE_URL: network.url,
    DATABASE_ACQUIRE_TIMEOUT_MS: '2000',
    DATABASE_STATEMENT_TIMEOUT_MS: '1000',
    BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
  });
  api = promiseClient(AuthorServiceClient, service.publicPort);
});
afterAll(async () => {
  api?.close();
  await service?.stop();
  await network?.stop();
  await database?.end();
});
beforeEach(() => async () => {
  network.heal();
  await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
});

const SERVICE = 'bookstore.author.v1.AuthorService';
const AWAY = {
  code: 'UNAVAILABLE',
  reason: 'DATABASE_UNAVAILABLE',
  domain: 'bookstore',
  metadata: {},
  message: 'the database does not answer; try again',
  requestId: expect.any(String),
};

describe.each([
  ['ends every connection', () => network.cut()],
  ['says nothing', () => network.freeze()],
])('while the database %s', (_how, breakIt) => {
  test('each method is DATABASE_UNAVAILABLE, and says no more', async () => {
    await api.createAuthor(newAuthor());
    breakIt();
    const id = randomUUID();
    const calls = [
      api.createAuthor(newAuthor()),
      api.createAuthor(newAuthor({ requestId: randomUUID() })),
      api.getAuthor({ id }),
      api.updateAuthor({ id, name: 'x' }),
      api.listAuthors(),
    ];
    for (const failure of await Promise.all(calls.map(failureOf))) expect(failure).toEqual(AWAY);
  });

  test('what is wrong with a request is said all the same', async () => {
    breakIt();
    expect(await failureOf(api.getAuthor({ id: 'x' }))).toMatchObject({ reason: 'INVALID_FIELD' });
  });

  test('health says NOT_SERVING but for liveness; once the database is back, SERVING', async () => {
    breakIt();
    for (const port of [service.publicPort, service.internalPort]) {
      for (const name of ['', SERVICE]) await expect.poll(() => healthOf(port, name)).toBe('NOT_SERVING');
      expect(await healthOf(port, LIVENESS)).toBe('SERVING');
    }
    network.heal();
    for (const name of ['', SERVICE]) await expect.poll(() => healthOf(service.publicPort, name)).toBe('SERVING');
    const author = await api.createAuthor(newAuthor());
    expect(await api.getAuthor({ id: author.id })).toEqual(author);
  });
});

describe('while the database is read-only', () => {
  const setReadOnly = async (value: 'on' | 'off') => {
    const server = new pg.Client(inject('postgresUrl'));
    await server.connect();
    const name = new URL(network.url).pathname.slice(1);
    await server.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`);
    await server.end();
  };
  /** The connections of the service begin anew, as after a failover. */
  const reconnect = () => {
    network.cut();
    network.heal();
  };
  /** So many at once that the pool has several connections. */
  const many = (call: () => Promise<unknown>) => Promise.all(Array.from({ length: 5 }, call));

  test('writes are DATABASE_UNAVAILABLE, reads go on, health says NOT_SERVING; afterwards it serves by itself', async () => {
    const author = await api.createAuthor(newAuthor());
    const { id } = author;
    await setReadOnly('on');
    reconnect();
    for (const port of [service.publicPort, service.internalPort]) {
      for (const name of ['', SERVICE]) await expect.poll(() => healthOf(port, name)).toBe('NOT_SERVING');
      expect(await healthOf(port, LIVENESS)).toBe('SERVING');
    }
    await many(() => api.listAuthors());
    for (const write of [
      () => api.createAuthor(newAuthor()),
      () => api.createAuthor(newAuthor({ requestId: randomUUID() })),
      () => api.updateAuthor({ id, name: 'x' }),
      () => api.deleteAuthor({ id }),
    ]) {
      await many(async () => expect(await failureOf(write())).toEqual(AWAY));
    }
    expect(await api.getAuthor({ id })).toEqual(author);

    await many(() => api.listAuthors());
    // New sessions may write; those that the service has may not.
    await setReadOnly('off');
    await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
    await many(() => api.createAuthor(newAuthor()));
    await many(() => api.updateAuthor({ id, name: 'x' }));
  });
});

test('a deletion that cannot begin is DATABASE_UNAVAILABLE, and says no more', async () => {
  network.cut();
  // Connections that end are noticed, so that the next call needs a new one.
  await expect.poll(() => healthOf(service.publicPort)).toBe('NOT_SERVING');
  expect(await failureOf(api.deleteAuthor({ id: randomUUID() }))).toEqual(AWAY);
  network.freeze();
  expect(await failureOf(api.deleteAuthor({ id: randomUUID() }))).toEqual(AWAY);
});

test('a deletion that may have begun, since the answer is lost, is DELETE_PENDING', async () => {
  const { id } = await api.createAuthor(newAuthor());
  const holder = await database.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM authors WHERE id = $1 FOR UPDATE', [id]);
  const failure = failureOf(api.deleteAuthor({ id }));
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await expect.poll(async () => (await database.query(waiting)).rowCount).toBe(1);
  network.cut();
  expect(await failure).toEqual({
    ...AWAY,
    reason: 'DELETE_PENDING',
    message: 'the outcome of the deletion is not known yet; call again, NOT_FOUND then means done',
  });
  await holder.query('ROLLBACK');
  holder.release();
});

test('a service may start before its database: it listens, waits and serves once the database is there', async () => {
  const late = await startDatabaseProxy((await createServiceDatabase(inject('postgresUrl'), 'author-service')).url);
  late.cut();
  const early = await startService(
    authorService,
    testEnvironment({ DATABASE_URL: late.url, BOOK_SERVICE_ADDRESS: '127.0.0.1:1' }),
  );
  const client = promiseClient(AuthorServiceClient, early.publicPort);
  onTestFinished(async () => {
    client.close();
    await early.stop();
    await late.stop();
  });
  expect(await healthOf(early.publicPort)).toBe('NOT_SERVING');
  expect(await healthOf(early.publicPort, LIVENESS)).toBe('SERVING');
  expect(await failureOf(client.listAuthors())).toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });

  late.heal();
  await expect.poll(() => healthOf(early.publicPort)).toBe('SERVING');
  expect(await client.listAuthors()).toEqual({ authors: [], nextPageToken: '' });
});
