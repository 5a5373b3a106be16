import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '@bookstore/sandbox';
import { services } from '../../../../scripts/services.mjs';
import { ComposeBookstore, docker, SERVES_WITHIN_MS } from '../bookstore/compose-bookstore.js';
import { EmbeddedBookstore } from '../bookstore/embedded-bookstore.js';
import type { Replica } from '../bookstore/replica.js';
import { BookstoreClient, labelOf, tally } from '../client.js';
import { Ledger } from '../ledger.js';
import { isServed, MixedCalls, SteadyLoad } from '../load.js';
import type { Run, Scenario } from '../scenario.js';

const PER_SECOND = 100;
const CONTAINER_CALLS_PER_SECOND = 150;
const WITHOUT_RETRIES_PER_SECOND = 50;
const RECONNECTED_WITHIN_MS = 30_000;
const CALLS_WITHIN_MS = 180_000;
/** Clients resolve the service's name again when a connection reaches this age. */
const CONNECTION_AGE_MS = 3000;

/**
 * Two replicas of each service are drained and replaced in turn, under load. The next one is replaced once every client is
 * connected to the one before: orchestrators pause between two replacements for that.
 */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  embedded: async (run) => {
    await using bookstore = await EmbeddedBookstore.start({ proxies: true, replicas: 2 });
    const target = (name: string) =>
      `ipv4:${bookstore.replicas(name).map(({ proxies }) => `127.0.0.1:${proxies.public.port}`)}`;
    using client = new BookstoreClient({ author: target('author-service'), book: target('book-service') });
    const ledger = new Ledger();
    await using load = new SteadyLoad(new MixedCalls(client, ledger), PER_SECOND);
    const enough = run.amount(600, 10_000);
    let restarts = 0;
    while (load.calls.length < enough) {
      for (const replica of services.flatMap(({ name }) => bookstore.replicas(name))) {
        await replace(replica);
        restarts++;
      }
    }
    const calls = await load.stop();
    const failures = calls.filter(({ outcome }) => !isServed(outcome));
    run.say(tally(failures.map(({ method, outcome }) => `${method} ${labelOf(outcome)}`)));
    const fault = run.fault(`${restarts} restarts at ${PER_SECOND} calls/s`);
    fault.never('failed calls', failures.length, calls.length);
    await ledger.check(fault, bookstore);
  },
  compose: async (run) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-chaos-'));
    try {
      const ages = path.join(folder, 'compose.ages.yaml');
      const environment = { MAX_CONNECTION_AGE_MS: String(CONNECTION_AGE_MS) };
      const settings = Object.fromEntries(services.map(({ name }) => [name, { environment }]));
      await writeFile(ages, JSON.stringify({ services: settings }));
      await using bookstore = await ComposeBookstore.start(['compose.replicas.yaml', ages]);
      await replaceContainers(run, bookstore);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** Returns when the load's client and both processes of the other service are connected to the new process. */
async function replace(replica: Replica): Promise<void> {
  const { public: ofClients, internal: ofPeers } = replica.proxies;
  await replica.stop();
  await replica.start();
  await until(
    'the new connections of all clients',
    RECONNECTED_WITHIN_MS,
    () => ofClients.answeredConnections() >= 1 && ofPeers.answeredConnections() >= 2,
  );
}

async function replaceContainers(run: Run, bookstore: ComposeBookstore): Promise<void> {
  const client = await startLoad(bookstore, { CALLS_PER_SECOND: String(CONTAINER_CALLS_PER_SECOND), RETRIES: 'yes' });
  // Node's HTTP/2 refuses what is sent while a connection ends, and grpc-js by itself repeats that only once.
  const withoutRetries = await startLoad(bookstore, {
    CALLS_PER_SECOND: String(WITHOUT_RETRIES_PER_SECOND),
    RETRIES: 'no',
  });
  const enough = run.amount(1500, 10_000);
  await until('the first calls', RECONNECTED_WITHIN_MS, async () => (await client.made()).calls > 0);
  let restarts = 0;
  do {
    for (const { name, port } of services) {
      const containers = (await bookstore.compose('ps', '--quiet', name)).split('\n').filter(Boolean);
      for (const id of containers) {
        await replaceContainer(id, port);
        restarts++;
      }
    }
  } while ((await client.made()).calls < enough);
  await until('all calls', CALLS_WITHIN_MS, async () => (await client.made()).calls >= enough);
  const made = await client.end();
  const others = await withoutRetries.end();
  run.say(`failed: ${JSON.stringify(made.failures)}; without retries: ${JSON.stringify(others.failures)}`);
  const fault = run.fault(`${restarts} restarts of containers at ${CONTAINER_CALLS_PER_SECOND} calls/s`);
  fault.never('failed calls', failed(made), made.calls);
  fault.figure('a client without retries', `without retries ${failed(others)} of ${others.calls}`);
}

interface Calls {
  readonly calls: number;
  readonly failures: Readonly<Record<string, number>>;
}

const failed = ({ failures }: Calls): number => Object.values(failures).reduce((sum, count) => sum + count, 0);

async function startLoad(bookstore: ComposeBookstore, env: Readonly<Record<string, string>>) {
  const id = await bookstore.runInNetwork('e2e/src/client/load-client.mjs', env);
  const made = async (): Promise<Calls> => {
    const lines = (await docker(['logs', id])).split('\n').filter((line) => line.startsWith('{'));
    return JSON.parse(lines.at(-1) ?? '{"calls":0,"failures":{}}');
  };
  const end = async () => {
    await docker(['stop', '--time', '30', id]);
    return made();
  };
  return { made, end };
}

/** Stops a container as compose does, starts it, and waits until both clients are connected to it. */
async function replaceContainer(id: string, port: number): Promise<void> {
  await docker(['stop', id]);
  await docker(['start', id]);
  const health = async () => (await docker(['inspect', '--format', '{{.State.Health.Status}}', id])).trim();
  await until('a healthy new container', SERVES_WITHIN_MS, async () => (await health()) === 'healthy');
  const sockets = () => docker(['exec', id, 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
  const isFound = async () => clientsOf(await sockets(), port).size >= 2;
  await until('the new connections of all clients', RECONNECTED_WITHIN_MS, isFound);
}

/** The addresses that are connected to a port, from a network's table of sockets. */
function clientsOf(table: string, port: number): Set<string> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const ESTABLISHED = '01';
  const clients = table.split('\n').flatMap((line) => {
    const [, address = '', client = '', state] = line.trim().split(/\s+/);
    return address.endsWith(local) && state === ESTABLISHED ? [client.split(':')[0] as string] : [];
  });
  // The health check of the container connects from the loopback.
  return new Set(clients.filter((client) => !/(0100007F|^0{24}01000000)$/.test(client)));
}
