import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { quantile, tally } from '../client/outcome.js';
import { sendBrokenFrames } from '../fuzz/broken-frames.js';
import { malformedRequest } from '../fuzz/malformed-requests.js';
import { RawSession } from '../fuzz/raw-session.js';
import { authorRequests, bookRequests } from '../fuzz/valid-requests.js';
import { Random } from '../random.js';
import { type Row, scaled } from '../row.js';

const AT_ONCE = 24;
const ANSWERED_MS = 1000;
/** What Node's own memory does within a minute, up and down. */
const FLAT_BYTES = 64 * 1024 * 1024;
/** For bad input there is a reason; these two say that nobody had thought of it. */
const BUGS = ['INTERNAL', 'UNKNOWN', 'no answer', 'no status'];

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
    const memory = async () => Promise.all(services.map((service) => service.memory()));
    const wanted = scaled(lab, { test: 600, short: 1500, full: 100_000 });
    // The first tenth warms the processes up.
    const sent = await send(author, book, Math.ceil(wanted / 10), random);
    const before = await memory();
    sent.push(...(await send(author, book, wanted - sent.length, random)));
    const connections = scaled(lab, { test: 50, short: 150, full: 5000 });
    for (let done = 0; done < connections; done += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, () => sendBrokenFrames(random.pick([author, book]), random.fork())),
      );
    }
    const grown = (await memory()).map((bytes, index) => bytes - (before[index] as number));

    using client = new BookstoreClient(bookstore.addresses);
    const alive = await client.createAuthor(`${randomUUID()}@example.com`);
    const running = services.every((service) => service.running) && alive.ok;
    const bugs = sent.filter(({ status }) => BUGS.includes(status));
    const slowest = sent.reduce((worst, one) => (one.ms > worst.ms ? one : worst));
    const fault = `${sent.length} malformed requests of 15 kinds, ${connections} connections of broken frames`;
    return [
      {
        fault,
        promise: 'INVALID_ARGUMENT or another answer that fits, never INTERNAL or UNKNOWN',
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
        promise: 'alive, memory flat',
        measured: `${running ? 'both serve' : 'one does not serve'}; memory ${grown.map((bytes) => `${bytes < 0 ? '' : '+'}${Math.round(bytes / 2 ** 20)} MiB`).join(', ')}`,
        holds: running && grown.every((bytes) => bytes <= FLAT_BYTES),
      },
    ];
  },
};

async function send(author: string, book: string, count: number, random: Random): Promise<Sent[]> {
  const targets = [
    { session: new RawSession(author), requests: authorRequests },
    { session: new RawSession(book), requests: bookRequests },
  ];
  const sent: Sent[] = [];
  let begun = 0;
  const work = async () => {
    while (begun++ < count) {
      const { session, requests } = random.pick(targets);
      const { kind, request } = malformedRequest(random.pick(requests), random);
      const answer = await session.send(request);
      sent.push({ kind, status: status[Number(answer.status)] ?? answer.status, ms: answer.ms });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { session } of targets) session.close();
  return sent;
}
