import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '@bookstore/sandbox';
import type { ServiceName } from '../bookstore/chaos-bookstore.js';
import { ClientContainer } from '../compose/client-container.js';
import { ComposeBookstore, SERVES_WITHIN_MS } from '../compose/compose-bookstore.js';
import { docker } from '../compose/engine.js';
import { type Row, scaled } from '../row.js';

const PER_SECOND = 150;
const WITHOUT_RETRIES_PER_SECOND = 50;
/** One with retries and one without. */
const CLIENTS = 2;
const CALLS_WITHIN_MS = 180_000;
/** Clients look for replicas when a connection ends: of its age, soon. */
const CONNECTION_AGE_MS = 3000;
const CONNECTED_WITHIN_MS = 30_000;
/** As /proc/net/tcp has it. */
const ESTABLISHED = '01';

interface Load {
  readonly calls: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** Row 5: each container of each service is replaced in turn, under load from the network between them. */
export const replacedContainers: Row = {
  number: 5,
  run: async (lab) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-chaos-'));
    try {
      const ages = path.join(folder, 'compose.ages.yaml');
      const environment = { MAX_CONNECTION_AGE_MS: String(CONNECTION_AGE_MS) };
      const services = { 'author-service': { environment }, 'book-service': { environment } };
      await writeFile(ages, JSON.stringify({ services }));
      await using bookstore = await ComposeBookstore.start(['compose.replicas.yaml', ages]);
      const load = (RETRIES: 'yes' | 'no', perSecond: number) =>
        ClientContainer.start(bookstore, 'e2e/src/client/load-client.mjs', {
          CALLS_PER_SECOND: String(perSecond),
          RETRIES,
        });
      const client = await load('yes', PER_SECOND);
      // Its own HTTP/2 refuses what it sends while a connection ends, and grpc-js repeats that but once by itself.
      const withoutRetries = await load('no', WITHOUT_RETRIES_PER_SECOND);
      const enough = scaled(lab, { test: 200, short: 1500, full: 10_000 });
      const callsMade = async () => (await client.lines<Load>()).at(-1)?.calls ?? 0;
      await until('load', CONNECTED_WITHIN_MS, async () => (await callsMade()) > 0);
      let restarts = 0;
      do {
        for (const service of ['author-service', 'book-service'] satisfies ServiceName[]) {
          for (const id of await bookstore.containersOf(service)) {
            await replace(id, service);
            restarts++;
          }
        }
      } while ((await callsMade()) < enough);
      await until('all calls', CALLS_WITHIN_MS, async () => (await callsMade()) >= enough);
      const [made, others] = [await failedOf(client), await failedOf(withoutRetries)];
      const fault = `${restarts} restarts of the containers of two replicas of each service in turn, under ${PER_SECOND} calls/s`;
      return [
        { fault, promise: '0 failed calls', measured: made.text, holds: made.failed === 0 },
        {
          fault: `${fault}: a client without retries`,
          promise: 'for comparison',
          measured: others.text,
          holds: undefined,
        },
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** Ends a client: how many of its calls failed, and how. */
async function failedOf(client: ClientContainer): Promise<{ failed: number; text: string }> {
  const { calls, failures } = (await client.end<Load>()).at(-1) as Load;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { failed, text: `${failed} of ${calls}${failed > 0 ? `: ${JSON.stringify(failures)}` : ''}` };
}

/** Stops a container as compose does, starts it, and waits until each client has found it: an orchestrator's pause. */
async function replace(id: string, service: ServiceName): Promise<void> {
  await docker(['stop', id]);
  await docker(['start', id]);
  const healthy = async () =>
    (await docker(['inspect', '--format', '{{.State.Health.Status}}', id])).trim() === 'healthy';
  await until(`a new container of the ${service} is healthy`, SERVES_WITHIN_MS, healthy);
  const port = service === 'author-service' ? 50051 : 50052;
  const found = async () => {
    const table = await docker(['exec', id, 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
    return connectedTo(table, port).size >= CLIENTS;
  };
  await until(`all clients are connected to the new container of the ${service}`, CONNECTED_WITHIN_MS, found);
}

/** Who has connections to this port, by the table of sockets of its network. */
function connectedTo(table: string, port: number): Set<string> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const peers = table.split('\n').flatMap((line) => {
    const [, address = '', peer = '', state] = line.trim().split(/\s+/);
    return address.endsWith(local) && state === ESTABLISHED && !isLoopback(peer) ? [peer.split(':')[0] as string] : [];
  });
  return new Set(peers);
}

/** The probe of the container's own health. */
const isLoopback = (address: string): boolean =>
  address.startsWith('0100007F:') ||
  address.startsWith('0000000000000000FFFF00000100007F:') ||
  address.startsWith('00000000000000000000000001000000:');
