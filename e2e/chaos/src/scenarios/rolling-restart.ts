import { readFileSync } from 'node:fs';
import { until } from '@bookstore/sandbox';
import { services } from '../../../../scripts/services.mjs';
import { onContainers, SERVES_WITHIN_MS } from '../bookstore/compose-bookstore.js';
import { docker } from '../bookstore/compose-stack.js';
import { onProcesses } from '../bookstore/embedded-bookstore.js';
import type { Replica } from '../bookstore/replica.js';
import { connect, labelOf, tally } from '../client.js';
import { underLoad } from '../load.js';
import { isServed, isTooSlow, MixedCalls } from '../mixed-calls.js';
import type { Scenario } from '../scenario.js';

/** The path is the same from the source and from the compiled file. */
const LOAD_CLIENT = new URL('../../../src/client/load-client.mjs', import.meta.url);
const RECONNECTED_WITHIN_MS = 30_000;

/**
 * Two replicas of each service are drained and replaced in turn, under load. The next one is replaced once every client is
 * connected to the one before: orchestrators pause between two replacements for that.
 */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  embedded: onProcesses({ replicas: 2 }, async (run, bookstore) => {
    const target = (service: string) => bookstore.throughProxies(service, 'public');
    using client = connect({ author: target('author-service'), book: target('book-service') });
    const mixed = new MixedCalls();
    let restarts = 0;
    const replaceAll = async () => {
      for (let rounds = run.amount(1, 6); rounds > 0; rounds--) {
        for (const replica of services.flatMap(({ name }) => bookstore.replicas(name).slice(0, run.amount(1, 2)))) {
          await replace(replica);
          restarts++;
        }
      }
    };
    const calls = await underLoad(() => mixed.next(client), run.amount(30, 100), replaceAll);
    const failed = calls.filter((call) => !isServed(call));
    const slow = failed.filter(isTooSlow).length;
    run.say(`failed: ${tally(failed.map(labelOf))}`);
    run.never(`calls failed in ${restarts} restarts`, failed.length - slow, calls.length);
    run.timedPromise('no call is too slow', slow === 0, slow > 0 ? `${slow} too slow` : '');
    await mixed.check(run, bookstore);
  }),
  compose: onContainers(['compose.replicas.yaml', 'e2e/chaos/compose.ages.yaml'], async (run, bookstore) => {
    const env = ['--env', `CALLS_PER_SECOND=${run.amount(50, 150)}`, '--env', 'RETRIES=yes'];
    const program = ['node', '--input-type=module', '--eval', readFileSync(LOAD_CLIENT, 'utf8')];
    const client = await bookstore.run(env, program);
    const lastReport = async () => JSON.parse((await docker(['logs', '--tail', '1', client])) || '{}');
    await until('the first calls', RECONNECTED_WITHIN_MS, async () => (await lastReport()).calls > 0);
    let restarts = 0;
    for (let rounds = run.amount(1, 3); rounds > 0; rounds--) {
      for (const { name, port } of services) {
        const containers = (await bookstore.stack.compose('ps', '--quiet', name)).split('\n').filter(Boolean);
        for (const id of containers.slice(0, run.amount(1, 2))) {
          await replaceContainer(id, port);
          restarts++;
        }
      }
    }
    await docker(['stop', '--time', '30', client]);
    const { calls, failures } = (await lastReport()) as { calls: number; failures: Record<string, number> };
    run.say(`failed: ${JSON.stringify(failures)}`);
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    run.never(`calls failed in ${restarts} restarts`, failed, calls);
  }),
};

/** Returns when the load's client and both processes of the other service are connected to the new process. */
async function replace(replica: Replica): Promise<void> {
  const { public: ofClients, internal: ofPeers } = replica.proxies;
  await replica.process?.stop();
  await replica.start();
  await until(
    'the new connections of all clients',
    RECONNECTED_WITHIN_MS,
    () => ofClients.answeredConnections() >= 1 && ofPeers.answeredConnections() >= 2,
  );
}

/** Stops a container as compose does, starts it, and waits until the client is connected to it. */
async function replaceContainer(id: string, port: number): Promise<void> {
  await docker(['restart', id]);
  const health = async () => (await docker(['inspect', '--format', '{{.State.Health.Status}}', id])).trim();
  await until('a healthy new container', SERVES_WITHIN_MS, async () => (await health()) === 'healthy');
  const sockets = () => docker(['exec', id, 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
  await until('a new connection', RECONNECTED_WITHIN_MS, async () => isConnected(await sockets(), port));
}

/**
 * Whether a client in the network is connected to a port, from the table of sockets: addresses of both ends in hexadecimal,
 * then the state, 01. The health check of the container connects from the loopback.
 */
function isConnected(table: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex} (?!\\S*(0100007F|0{24}01000000):)\\S+ 01 `).test(table);
}
