import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bookstore, freePort, ServiceProcess, startBookstore } from '@bookstore/sandbox';
import { BUSY_MACHINE, failureOf, TEST_AUDIENCE, TEST_ISSUER, TestIssuer } from '@bookstore/sandbox/testing';
import { Metadata } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';

const SETTLED = { timeout: 40_000 };

interface Line {
  readonly level: string;
  readonly service: string;
  readonly msg: string;
  readonly failures?: number;
  readonly err?: unknown;
}

let dataDir: string;
let bookstore: Bookstore;
let client: ReturnType<typeof connect>;
let lines: Line[] = [];
const onLog = (line: string) => {
  if (line.startsWith('{')) lines.push(JSON.parse(line));
};

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const env = { ...BUSY_MACHINE, LOG_FORMAT: 'json', LOG_LEVEL: 'info', RATE_LIMIT_PER_SECOND: '0' };
  bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    durable: false,
    env,
    onLog,
  });
  client = connect({ authorAddress: `127.0.0.1:${authorPort}`, bookAddress: `127.0.0.1:${bookPort}` });
});
afterAll(async () => {
  client?.close();
  await bookstore?.stop();
  await rm(dataDir, { recursive: true });
});
beforeEach(() => {
  lines = [];
});

async function kill(name: string): Promise<void> {
  const service = bookstore.service(name);
  service.signal('SIGKILL');
  await service.exited;
}

const warnings = (service: string) =>
  lines.filter((line) => line.service === service && line.level !== 'info').map(({ msg }) => msg);
const ends = (service: string) => lines.filter((line) => line.service === service && line.msg.startsWith('no more: '));

test('with the book service away and a hundred deletions pending, a line when it starts and one when it ends', async () => {
  const ids = await Promise.all(
    Array.from({ length: 100 }, async () => (await client.authors.createAuthor(anAuthor())).id),
  );
  await using database = databaseOf('author-service');
  const count = async (sql: string) => Number((await database.query(sql)).rows[0].count);

  await kill('book-service');
  for (const failure of await Promise.all(ids.map((id) => failureOf(client.authors.deleteAuthor({ id }))))) {
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', reason: 'DELETE_PENDING' });
  }
  const tries = () => count('SELECT sum(delete_tries) AS count FROM authors');
  await expect.poll(tries, SETTLED).toBeGreaterThan(300);
  expect(warnings('author-service').sort()).toEqual([
    'calls fail with DELETE_PENDING',
    'pending deletions cannot be settled',
  ]);
  const why = lines.find(({ msg }) => msg === 'pending deletions cannot be settled');
  expect(why).toMatchObject({ err: { reason: 'BOOK_SERVICE_UNAVAILABLE', cause: { code: 14 } } });

  await bookstore.restart('book-service');
  await expect.poll(() => count('SELECT count(*) FROM authors'), SETTLED).toBe(0);
  await expect.poll(() => ends('author-service').length, SETTLED).toBe(2);
  const failures = Object.fromEntries(ends('author-service').map(({ msg, failures }) => [msg, failures]));
  expect(failures['no more: calls fail with DELETE_PENDING']).toBe(100);
  expect(failures['no more: pending deletions cannot be settled']).toBeGreaterThan(300);
  expect(warnings('author-service')).toHaveLength(2);
});

test('with the author service away, one line for all the books that cannot be created', async () => {
  const { id: authorId } = await client.authors.createAuthor(anAuthor());
  await kill('author-service');
  for (let call = 0; call < 50; call++) {
    expect(await failureOf(client.books.createBook(aBook({ authorId })))).toMatchObject({
      reason: 'AUTHOR_SERVICE_UNAVAILABLE',
    });
  }
  expect(warnings('book-service')).toEqual(['calls fail with AUTHOR_SERVICE_UNAVAILABLE']);
  await bookstore.restart('author-service');
  await expect.poll(() => client.books.createBook(aBook({ authorId })).catch(() => {}), SETTLED).toHaveProperty('id');
  await expect.poll(() => ends('book-service').length, SETTLED).toBe(1);
  expect(ends('book-service')[0]?.failures).toBeGreaterThanOrEqual(50);
});

test('with the keys for tokens away, the log says so, once', async () => {
  const ports = { publicPort: await freePort(), internalPort: await freePort() };
  const nobody = await freePort();
  const service = ServiceProcess.spawn({
    name: 'author-service',
    ...ports,
    env: {
      ...BUSY_MACHINE,
      LOG_FORMAT: 'json',
      AUTH: 'jwt',
      JWT_JWKS_URL: `http://127.0.0.1:${nobody}/jwks`,
      JWT_ISSUER: TEST_ISSUER,
      JWT_AUDIENCE: TEST_AUDIENCE,
      DATABASE_URL: bookstore.databases.get('author-service')?.url,
      BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
    },
    onLog,
  });
  const secured = connect({ authorAddress: `127.0.0.1:${ports.publicPort}`, bookAddress: '127.0.0.1:1' });
  try {
    await service.serving();
    const issuer = await TestIssuer.create();
    lines = [];
    for (let call = 0; call < 20; call++) {
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${await issuer.token()}`);
      expect(await failureOf(secured.authors.listAuthors({}, { metadata }))).toMatchObject({
        code: 'UNAVAILABLE',
        reason: 'KEYS_UNAVAILABLE',
      });
    }
    expect(warnings('author-service')).toEqual(['calls fail with KEYS_UNAVAILABLE']);
  } finally {
    secured.close();
    await service.stop();
  }
});

function databaseOf(service: string) {
  const pool = new pg.Pool({ connectionString: bookstore.databases.get(service)?.url });
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}
