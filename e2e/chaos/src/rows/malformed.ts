import { randomUUID } from 'node:crypto';
import { until } from '@bookstore/sandbox';
import { status } from '@grpc/grpc-js';
import type { Memory } from '../bookstore/chaos-bookstore.js';
import { growth } from '../bookstore/growth.js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { quantile, tally } from '../client/outcome.js';
import { sendBrokenFrames } from '../fuzz/broken-frames.js';
import { malformedRequest } from '../fuzz/malformed-requests.js';
import { RawSession } from '../fuzz/raw-session.js';
import { authorRequests, bookRequests } from '../fuzz/valid-requests.js';
import { Random } from '../random.js';
import { type Row, scaled } from '../row.js';
import { severalAtOnce } from '../several-at-once.js';

const AT_ONCE = 24;
/** Requests after which code is compiled and caches are filled. */
const WARM_UP = 500;
const ANSWERED_MS = 1000;
/** Node stops reading from a connection with broken HTTP/2 and never sees its end: keepalive (30 s and 10 s) ends it. */
const FORGOTTEN_WITHIN_MS = 60_000;
const FEW_FILES = 10;
/** A process comes to hold what it needs, and a leak goes on: one of these must be flat. */
const ROUNDS = 3;
/** For bad input there is a reason; these say that nobody had thought of it. */
const BUGS = ['INTERNAL', 'UNKNOWN', 'no answer', 'no status'];
/** What grpc-js itself answers INTERNAL, as gRPC's rules for compression say, or because it cannot read a deadline. */
const INTERNAL_BY_GRPC = ['broken compression', 'broken metadata'];

interface Sent {
  readonly kind: string;
  readonly status: string;
  readonly ms: number;
}

/** Row 15: messages and frames that no client would send. */
export const malformed: Row = {
  number: 15,
  run: async (lab) => {
    await using bookstore = await lab.start();
    const random = new Random(lab.seed);
    const { author, book } = bookstore.addresses;
    const services = Object.values(bookstore.services);
    const memory = () => Promise.all(services.map((service) => service.memory()));
    const files = () => Promise.all(services.map(async (service) => (await service.openFiles()) ?? 0));
    const wanted = scaled(lab, { test: 600, short: 1000, full: 100_000 });
    const open = await files();
    const forgotten = () =>
      until('the end of every connection', FORGOTTEN_WITHIN_MS, async () =>
        (await files()).every((count, index) => count <= (open[index] as number) + FEW_FILES),
      );
    // The first tenth, and as many as the services meet in seconds at the least, warms the processes up.
    const sent = await send(author, book, Math.max(WARM_UP, Math.ceil(wanted / 10)), random);
    await breakConnections(AT_ONCE, [author, book], random);
    await forgotten();
    const connections = scaled(lab, { test: 50, short: 100, full: 5000 });
    const left = wanted - sent.length;
    let grown: ReturnType<typeof growth>[] = [];
    let rounds = 0;
    do {
      const before = await memory();
      sent.push(...(await send(author, book, left, random)));
      await breakConnections(connections, [author, book], random);
      await forgotten();
      grown = (await memory()).map((after, index) => growth(before[index] as Memory, after));
    } while (++rounds < ROUNDS && !grown.every(({ flat }) => flat));

    using client = new BookstoreClient(bookstore.addresses);
    const alive = await client.createAuthor(`${randomUUID()}@example.com`);
    const running = (await bookstore.running()) && alive.ok;
    const bugs = sent.filter(
      ({ kind, status }) => BUGS.includes(status) && !(status === 'INTERNAL' && INTERNAL_BY_GRPC.includes(kind)),
    );
    const slowest = sent.reduce((worst, one) => (one.ms > worst.ms ? one : worst));
    const fault = `${sent.length} malformed requests of 15 kinds, ${rounds * connections} connections of broken frames`;
    return [
      {
        fault,
        promise:
          'an answer that fits; INTERNAL for compression or a deadline that cannot be read, never else, and never UNKNOWN',
        measured: `${tally(sent.map(({ status }) => status))}${bugs.length > 0 ? `; of ${tally(bugs.map(({ kind, status }) => `${status} for ${kind}`))}` : ''}`,
        holds: bugs.length === 0,
      },
      {
        fault,
        promise: 'each answered within 1 s',
        timed: true,
        measured: `99.9 % within ${Math.round(
          quantile(
            sent.map(({ ms }) => ms),
            0.999,
          ),
        )} ms, the slowest (${slowest.kind}) ${Math.round(slowest.ms)} ms`,
        holds: slowest.ms <= ANSWERED_MS,
      },
      {
        fault,
        promise: 'alive, memory flat, every connection forgotten',
        measured: `${running ? 'both serve' : 'one does not serve'}; ${grown.map(({ text }) => text).join('; ')}`,
        holds: running && grown.every(({ flat }) => flat),
      },
    ];
  },
};

async function breakConnections(count: number, addresses: readonly string[], random: Random): Promise<void> {
  await severalAtOnce(count, AT_ONCE, () => sendBrokenFrames(random.pick(addresses), random.fork()));
}

async function send(author: string, book: string, count: number, random: Random): Promise<Sent[]> {
  const targets = [
    { session: new RawSession(author), requests: authorRequests },
    { session: new RawSession(book), requests: bookRequests },
  ];
  const sent = await severalAtOnce(count, AT_ONCE, async () => {
    const { session, requests } = random.pick(targets);
    const { kind, request } = malformedRequest(random.pick(requests), random);
    const answer = await session.send(request);
    return { kind, status: status[Number(answer.status)] ?? answer.status, ms: answer.ms };
  });
  for (const { session } of targets) session.close();
  return sent;
}
