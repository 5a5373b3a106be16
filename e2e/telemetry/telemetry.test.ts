import { failureOf } from '@bookstore/sandbox/testing';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { type OwnBookstore, startOwnBookstore } from '../src/client/own-bookstore.js';
import { authorWithBooks } from '../src/client/samples.js';
import { OtlpReceiver, type ReceivedSpan } from '../src/telemetry/otlp-receiver.js';

const SERVER = 2;
const CLIENT = 3;

let receiver: OtlpReceiver;
let observed: OwnBookstore;
let client: Bookstore;

beforeAll(async () => {
  receiver = await OtlpReceiver.open();
  // Every call is traced, also of a caller that makes many.
  const settings = { OTEL_TRACES_SAMPLER: 'parentbased_always_on', MAX_CALLS_IN_FLIGHT: '30', DATABASE_POOL_SIZE: '2' };
  observed = await startOwnBookstore({ env: { ...receiver.environment, ...settings } });
  client = connect(observed);
});

afterAll(async () => {
  client?.close();
  await observed?.stop();
  await receiver?.[Symbol.asyncDispose]();
});

const served = (method: string, spans: readonly ReceivedSpan[] = receiver.spans) =>
  spans.filter(({ name, kind }) => name.endsWith(`/${method}`) && kind === SERVER);

/** The spans of a trace, once these and each parent are among them: each service exports on its own. */
async function traceOf({ traceId }: ReceivedSpan, ...names: string[]): Promise<ReceivedSpan[]> {
  const spans = () => receiver.spans.filter((span) => span.traceId === traceId);
  await expect.poll(() => spans().map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  const parents = () => spans().flatMap(({ parentSpanId }) => parentSpanId ?? []);
  await expect.poll(() => spans().map(({ spanId }) => spanId)).toEqual(expect.arrayContaining(parents()));
  return spans();
}

/** The names of the spans from the root to this one. */
function pathTo(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  const what = span.name.split('/').at(-1);
  return [
    ...(parent ? pathTo(parent, spans) : []),
    `${span.service} ${span.kind === CLIENT ? 'asks' : 'does'} ${what}`,
  ];
}

test('a trace has no gap where a call opens a connection', async () => {
  await Promise.all(Array.from({ length: 10 }, () => client.authors.listAuthors({ pageSize: 1 })));
  await expect.poll(() => served('ListAuthors')).toHaveLength(10);
  for (const root of served('ListAuthors')) await traceOf(root, 'SELECT authors');
});

test('creating the first book of an author is one trace through both services and both databases', async () => {
  await authorWithBooks(client, 1);
  await expect.poll(() => served('CreateBook')).toHaveLength(1);
  const [root] = served('CreateBook') as [ReceivedSpan];
  const spans = await traceOf(root, 'SELECT authors', 'INSERT books');

  expect(root).toMatchObject({ service: 'book-service', parentSpanId: undefined });
  expect(root.attributes).toEqual({
    'rpc.system': 'grpc',
    'rpc.service': 'bookstore.book.v1.BookService',
    'rpc.method': 'CreateBook',
    'rpc.grpc.status_code': 0,
  });
  const lookUp = spans.find(({ name }) => name === 'SELECT authors') as ReceivedSpan;
  expect(pathTo(lookUp, spans)).toEqual([
    'book-service does CreateBook',
    'book-service asks GetAuthor',
    'author-service does GetAuthor',
    'author-service asks SELECT authors',
  ]);
  expect(lookUp.attributes).toMatchObject({
    'db.system.name': 'postgresql',
    'db.query.text': expect.stringMatching(/^SELECT .+ FROM "public"\."authors" WHERE .+ IN \(\$1\)/),
  });
  // What Prisma sends goes through the same connections.
  const insert = spans.find(({ name }) => name === 'INSERT books') as ReceivedSpan;
  expect(pathTo(insert, spans)).toEqual(['book-service does CreateBook', 'book-service asks INSERT books']);
});

test.each([
  ['UpdateBook', 'UPDATE books'],
  ['DeleteBook', 'DELETE books'],
])('the statement of %s is named %s, for what it changes', async (method, name) => {
  const { books } = await authorWithBooks(client, 1);
  const id = books[0]?.id ?? '';
  if (method === 'UpdateBook') await client.books.updateBook({ id, title: 'Another' });
  else await client.books.deleteBook({ id });
  await expect.poll(() => served(method)).toHaveLength(1);
  const spans = await traceOf(served(method)[0] as ReceivedSpan);
  expect(spans.filter(({ kind }) => kind === CLIENT).map((span) => span.name)).toEqual([name]);
});

test("a caller's trace is continued", async () => {
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const metadata = new Metadata();
  metadata.set('traceparent', `00-${traceId}-${spanId}-01`);
  await failureOf(client.authors.getAuthor({ id: '00000000-0000-0000-0000-000000000001' }, { metadata }));
  const continued = () => served('GetAuthor').find((span) => span.traceId === traceId);
  await expect.poll(continued).toMatchObject({ parentSpanId: spanId });
  // NOT_FOUND is no error of the server.
  expect(continued()).toMatchObject({ status: 0, attributes: { 'rpc.grpc.status_code': 5 } });
});

test('a statement that several reads share belongs to the trace of one of them', async () => {
  const { author } = await authorWithBooks(client, 0);
  const before = receiver.spans.length;
  await Promise.all(Array.from({ length: 20 }, () => client.authors.getAuthor({ id: author.id })));
  const since = () => receiver.spans.slice(before);
  // Not those that creating the author has sent, which may be exported only now.
  const statements = () =>
    since().filter(({ attributes }) => /"authors"\."id" IN/.test(String(attributes['db.query.text'])));
  await expect.poll(() => served('GetAuthor', since())).toHaveLength(20);
  const reads = served('GetAuthor', since()).map(({ spanId }) => spanId);
  await expect.poll(() => statements().length).toBeGreaterThan(0);
  expect(statements().length).toBeLessThan(20);
  for (const { parentSpanId } of statements()) expect(reads).toContain(parentSpanId);
});

test('a statement that waited for a connection belongs to its own call', async () => {
  const { books } = await authorWithBooks(client, 25);
  const before = receiver.spans.length;
  const since = () => receiver.spans.slice(before);
  await Promise.all(books.map(({ id }) => client.books.updateBook({ id, title: 'Another' })));
  await expect.poll(() => served('UpdateBook', since())).toHaveLength(25);
  const statements = () => since().filter(({ name }) => name === 'UPDATE books');
  await expect.poll(statements).toHaveLength(25);
  const calls = served('UpdateBook', since()).map(({ spanId }) => spanId);
  expect(
    statements()
      .map(({ parentSpanId }) => parentSpanId)
      .sort(),
  ).toEqual(calls.sort());
});

test('a log line has the ids of its span and request, and is exported', async () => {
  const { author } = await authorWithBooks(client, 0);
  const line = () => observed.log.map((text) => JSON.parse(text)).find(({ id }) => id === author.id);
  await expect.poll(line).toMatchObject({ requestId: expect.any(String), trace_id: expect.any(String) });
  const { requestId, trace_id, span_id } = line();
  await expect.poll(() => served('CreateAuthor').find(({ spanId }) => spanId === span_id)).toBeDefined();
  const exported = () => receiver.lines.find(({ attributes }) => attributes.requestId === requestId);
  await expect.poll(exported).toMatchObject({
    service: 'author-service',
    body: 'changed',
    traceId: trace_id,
    spanId: span_id,
    attributes: { method: '/bookstore.author.v1.AuthorService/CreateAuthor', outcome: 'OK' },
  });
});

const value = (metric: string, service: string, wanted: Readonly<Record<string, string>> = {}) =>
  receiver
    .points(metric)
    .find(
      (point) =>
        point.service === service && Object.entries(wanted).every(([name, one]) => point.attributes[name] === one),
    )?.value;

test('a refused call is counted, with its reason, and has no span', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => client.books.listBooks()));
  // On a busy machine another call may fail for want of a connection to the database.
  const refused = outcomes.filter(
    (outcome) => outcome.status === 'rejected' && outcome.reason.code === status.RESOURCE_EXHAUSTED,
  );
  expect(refused.length).toBeGreaterThan(0);
  await expect
    .poll(() => value('rpc.server.call.duration', 'book-service', { 'bookstore.reason': 'OVERLOADED' }))
    .toBe(refused.length);
  await expect.poll(() => served('ListBooks')).toHaveLength(200 - refused.length);
});

test('each method is counted, by its status', async () => {
  const calls = (code: string) =>
    value('rpc.server.call.duration', 'author-service', {
      'rpc.method': 'bookstore.author.v1.AuthorService/GetAuthor',
      'rpc.response.status_code': code,
    });
  await expect.poll(() => calls('OK')).toBe(served('GetAuthor').length - 1);
  await expect.poll(() => calls('NOT_FOUND')).toBe(1);
  const asked = receiver.spans.filter(({ name, kind }) => name.endsWith('/GetAuthor') && kind === CLIENT);
  expect(value('rpc.client.call.duration', 'book-service')).toBe(asked.length);
});

test.each(['author-service', 'book-service'])(
  'the %s exports metrics of its pool, memory and event loop',
  async (service) => {
    // Counted when one is taken or given back: of a service that has opened only one, it may be either.
    const connections = (state: string) =>
      value('db.client.connection.count', service, { 'db.client.connection.state': state }) ?? 0;
    await expect.poll(() => connections('idle') + connections('used')).toBeGreaterThan(0);
    await expect.poll(() => value('db.client.connection.pending_requests', service)).toBe(0);
    expect(value('db.client.operation.duration', service)).toBeGreaterThan(0);
    expect(value('v8js.memory.heap.used', service, { 'v8js.heap.space.name': 'old_space' })).toBeGreaterThan(1_000_000);
    expect(value('nodejs.eventloop.delay.p99', service)).toBeGreaterThan(0);
  },
);

test('pending deletions are counted', async () => {
  const { author } = await authorWithBooks(client, 0);
  const pending = () => value('bookstore.deletions.pending', 'author-service');
  await expect.poll(pending).toBe(0);
  const bookService = observed.bookstore.service('book-service');
  bookService.signal('SIGSTOP');
  try {
    await expect(client.authors.deleteAuthor({ id: author.id })).rejects.toThrow();
    await expect.poll(pending).toBe(1);
  } finally {
    bookService.signal('SIGCONT');
  }
  await expect.poll(pending, { timeout: 15_000 }).toBe(0);
});

test('no personal data, token or error message is exported', async () => {
  const author = await client.authors.createAuthor({ name: 'Nnedi Okorafor', email: 'nnedi@example.com' });
  const book = await client.books.createBook({ title: 'Binti', authorId: author.id, publishedYear: 2015 });
  await client.authors.updateAuthor({ id: author.id, email: 'okorafor@example.com' });
  const other = { name: 'Somebody Else', email: 'okorafor@example.com' };
  await expect(client.authors.createAuthor(other)).rejects.toThrow();
  // All look before one of them writes: the database refuses the others, and its message repeats the address.
  const emails = Array.from({ length: 10 }, (_, i) => `else-${i}@example.com`);
  const rivals = await Promise.all(emails.map((email) => client.authors.createAuthor({ ...other, email })));
  const taken = await Promise.allSettled(
    rivals.map(({ id }) => client.authors.updateAuthor({ id, email: 'same@example.com' })),
  );
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer s3cr3t-token');
  metadata.set('baggage', 'user=jane-doe');
  await failureOf(client.authors.getAuthor({ id: book.id }, { metadata }));
  await client.authors.deleteAuthor({ id: author.id, force: true });
  await expect.poll(() => served('DeleteAuthor').length).toBeGreaterThanOrEqual(2);
  const failed = () => receiver.spans.find(({ name, status }) => name === 'UPDATE authors' && status === 2);
  await expect.poll(failed).toBeDefined();
  const persons = ['Okorafor', 'Somebody', 'nnedi', '@example.com', 'Binti', 'Le Guin', author.id, book.id];
  const others = ['s3cr3t', 'jane-doe', 'duplicate key', 'violates', 'another author', 'does not exist', '    at '];
  for (const secret of [...persons, ...others]) expect(receiver.received, secret).not.toContain(secret);
});
