import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { authorWithBooks } from '../src/client/samples.js';
import { type InstalledBookstore, installBookstore } from '../src/kubernetes/install-bookstore.js';
import { startLoad } from '../src/kubernetes/load-pod.js';
import { forwardPort } from '../src/kubernetes/port-forward.js';

let bookstore: InstalledBookstore;

beforeAll(async () => {
  bookstore = await installBookstore();
}, 300_000);
afterAll(() => bookstore?.uninstall());

const pods = async (selector: string) =>
  (await bookstore.kubectl('get', 'pods', '-l', selector, '-o', 'name')).split('\n').filter(Boolean);

test('a rolling restart of both services loses no call', { timeout: 300_000 }, async () => {
  const load = await startLoad(bookstore, { name: 'rollout', callsPerSecond: 150, retries: false });
  await load.untilCalls(500);
  const before = await pods('app.kubernetes.io/component=server');

  await bookstore.kubectl('rollout', 'restart', 'deployment/author-service', 'deployment/book-service');
  await bookstore.waitUntilReady();
  for (const pod of before) await bookstore.kubectl('wait', '--for=delete', pod, '--timeout=60s');
  await load.untilCalls(6000);
  const { calls, failures } = await load.end();

  console.log(`rolling restart of ${before.length} pods: ${calls} calls, ${JSON.stringify(failures)} failed`);
  expect(failures).toEqual({});
  expect(calls).toBeGreaterThanOrEqual(5000);
});

test('rolled out again, the services run the images of now, and the databases stay', { timeout: 300_000 }, async () => {
  const servers = await pods('app.kubernetes.io/component=server');
  const databases = await pods('app.kubernetes.io/component=database');

  await bookstore.rollOut('docker-desktop');

  for (const pod of servers) await bookstore.kubectl('wait', '--for=delete', pod, '--timeout=60s');
  expect(await pods('app.kubernetes.io/component=server')).toHaveLength(2);
  expect(await pods('app.kubernetes.io/component=database')).toEqual(databases);
});

test('a pod that is killed takes no call with it that may be sent again', { timeout: 300_000 }, async () => {
  await bookstore.kubectl('scale', 'deployment/author-service', 'deployment/book-service', '--replicas=2');
  await bookstore.waitUntilReady();
  const load = await startLoad(bookstore, { name: 'kill', callsPerSecond: 150, retries: true });
  await load.untilCalls(1000);

  for (const service of ['author-service', 'book-service']) {
    const [victim = ''] = await pods(`app.kubernetes.io/name=${service}`);
    await bookstore.kubectl('delete', victim, '--grace-period=0', '--force');
    await bookstore.waitUntilReady();
  }
  await load.untilCalls(5000);
  const { calls, failures } = await load.end();

  console.log(`two pods killed: ${calls} calls, ${JSON.stringify(failures)} failed`);
  expect(failures).toEqual({});
});

test('what was stored is there after the database pods are gone', { timeout: 300_000 }, async () => {
  const stored = await through((client) => authorWithBooks(client, 3));

  for (const pod of await pods('app.kubernetes.io/component=database')) await bookstore.kubectl('delete', pod);
  await bookstore.waitUntilReady();
  await bookstore.kubectl(
    'wait',
    '--for=condition=Ready',
    'pod',
    '-l',
    'app.kubernetes.io/part-of=bookstore',
    '--timeout=60s',
  );

  const found = await through(({ books }) => books.getBooksByAuthor({ authorId: stored.author.id }));
  expect(found.books.map(({ id }) => id)).toEqual(stored.books.map(({ id }) => id));
});

/** Calls by port-forwards of its own: one that is open ends with its pod. */
async function through<T>(use: (client: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const author = await forwardPort(bookstore, 'author-service', 50051);
  const book = await forwardPort(bookstore, 'book-service', 50052);
  const client = connect({ authorAddress: author.address, bookAddress: book.address });
  try {
    return await use(client);
  } finally {
    client.close();
    author.stop();
    book.stop();
  }
}
