import { until } from '@bookstore/sandbox';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorWithBooks } from '../src/client/samples.js';
import { startLoad } from '../src/kubernetes/load-pod.js';
import { installBookstore, type Namespace } from '../src/kubernetes/namespace.js';
import { throughPorts } from '../src/kubernetes/port-forward.js';
import { outputOf } from '../src/process/output-of.js';

const SERVICES = 'app.kubernetes.io/component=server';
const DATABASES = 'app.kubernetes.io/component=database';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await installBookstore();
}, 300_000);
afterAll(() => namespace?.delete());

const pods = async (selector: string) =>
  (await namespace.kubectl('get', 'pods', '-l', selector, '-o', 'name')).split('\n').filter(Boolean);

test('a rolling restart of the services loses no call, and leaves the databases', { timeout: 300_000 }, async () => {
  const load = await startLoad(namespace, { name: 'rollout', callsPerSecond: 150, retries: false });
  await load.moreCalls(500);
  const [servers, databases] = [await pods(SERVICES), await pods(DATABASES)];

  await namespace.kubectl('rollout', 'restart', 'deployment', '-l', SERVICES);
  await namespace.waitUntilReady();
  for (const pod of servers) await namespace.kubectl('wait', '--for=delete', pod, '--timeout=60s');
  await load.moreCalls(500);
  const { calls, failures } = await load.end();

  console.log(`rolling restart of ${servers.length} pods: ${calls} calls, ${JSON.stringify(failures)} failed`);
  expect(failures).toEqual({});
  expect(calls).toBeGreaterThanOrEqual(3000);
  expect(await pods(DATABASES)).toEqual(databases);
});

test('while pods are killed, no call fails of a client that retries', { timeout: 300_000 }, async () => {
  await namespace.kubectl('scale', 'deployment', '-l', SERVICES, '--replicas=2');
  await namespace.waitUntilReady();
  const load = await startLoad(namespace, { name: 'kill', callsPerSecond: 150, retries: true });
  await load.moreCalls(500);

  for (const service of ['author-service', 'book-service']) {
    const [victim = ''] = await pods(`app.kubernetes.io/name=${service}`);
    await namespace.kubectl('delete', victim, '--grace-period=0', '--force');
    await namespace.waitUntilReady();
  }
  await load.moreCalls(500);
  const { calls, failures } = await load.end();

  console.log(`two pods killed: ${calls} calls, ${JSON.stringify(failures)} failed`);
  expect(failures).toEqual({});
});

test('stored books are there after the database pods were deleted', { timeout: 300_000 }, async () => {
  const stored = await throughPorts(namespace, (client) => authorWithBooks(client, 3));

  for (const pod of await pods(DATABASES)) await namespace.kubectl('delete', pod);
  await namespace.waitUntilReady();

  // A call may come before the service has noticed its new database.
  const found = await throughPorts(namespace, ({ books }) =>
    until('the stored books', 60_000, () =>
      books.getBooksByAuthor({ authorId: stored.author.id }).catch((error) => {
        if (error.code !== status.UNAVAILABLE) throw error;
        return undefined;
      }),
    ),
  );
  expect(found.books.map(({ id }) => id)).toEqual(stored.books.map(({ id }) => id));
});

test('scripts/deploy.sh goes back from images that do not start', { timeout: 300_000 }, async () => {
  const running = () => namespace.kubectl('get', 'deployments', '-o', 'jsonpath={.items[*].spec.template.spec..image}');
  const before = await running();
  await using overlay = await namespace.overlay('docker-desktop', {
    images: ['author-service', 'book-service'].map((service) => ({ name: `bookstore/${service}`, newTag: 'missing' })),
  });
  const env = { AUTHOR_URL: 'http://unused', BOOK_URL: 'http://unused', ROLLOUT_TIMEOUT: '10s' };
  const { status: exitStatus, stderr } = await outputOf(`bash scripts/deploy.sh ${overlay.folder}`, { env });
  expect(exitStatus).toBe(1);
  expect(stderr).toMatch(/author-service: back at revision \d+\nbook-service: back at revision \d+\n$/);
  expect(await running()).toBe(before);
  expect(await namespace.kubectl('get', 'deployments', '-o', 'yaml')).not.toContain(':missing');
});
