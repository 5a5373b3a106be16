import { until } from '@bookstore/sandbox';
import { status } from '@grpc/grpc-js';
import { atOnce } from '../at-once.js';
import { EmbeddedBookstore } from '../bookstore/embedded-bookstore.js';
import { growth, type Memory } from '../bookstore/memory.js';
import { BookstoreClient, quantile, tally } from '../client.js';
import { sendBrokenFrames } from '../fuzz/broken-frames.js';
import { authorRequests, bookRequests, malformations, malformedRequest } from '../fuzz/malformed-requests.js';
import { RawSession } from '../fuzz/raw-session.js';
import { pick } from '../random.js';
import type { Scenario } from '../scenario.js';

const AT_ONCE = 24;
/** Requests after which code is compiled and caches are filled. */
const MIN_WARM_UP = 500;
const ANSWERED_MS = 1000;
/**
 * Node stops reading from a connection with broken HTTP/2, and does not notice its end. Keepalive closes it after 40 s.
 */
const CLOSED_WITHIN_MS = 60_000;
const MAX_MORE_FILES = 10;
/** A leak grows in each round; other memory is flat in one of them. */
const ROUNDS = 3;
const BUGS = ['INTERNAL', 'UNKNOWN', 'no answer'];
/** grpc-js itself answers these with INTERNAL: by gRPC's rules for compression, and for a deadline it cannot read. */
const INTERNAL_BY_GRPC = ['broken compression', 'broken metadata'];

interface Sent {
  readonly kind: string;
  readonly status: string;
  readonly ms: number;
  /** The request, to send it again. */
  readonly hex: string;
}

/** Messages and frames that no client sends. */
export const malformedRequests: Scenario = {
  name: 'malformed-requests',
  isMostlyWaiting: true,
  embedded: async (run) => {
    await using bookstore = await EmbeddedBookstore.start();
    const replicas = [bookstore.service('author-service'), bookstore.service('book-service')];
    const addresses = Object.values(bookstore.addresses);
    const memory = () => Promise.all(replicas.map((replica) => replica.memory()));
    const files = () => Promise.all(replicas.map((replica) => replica.openFiles()));
    const open = await files();
    const untilClosed = () =>
      until('the end of every connection', CLOSED_WITHIN_MS, async () =>
        (await files()).every((count, index) => count <= (open[index] as number) + MAX_MORE_FILES),
      );
    const breakConnections = (count: number) => atOnce(AT_ONCE, count, () => sendBrokenFrames(pick(addresses)));

    const wanted = run.amount(1000, 100_000);
    const connections = run.amount(100, 5000);
    const warmUp = Math.max(MIN_WARM_UP, wanted / 10);
    const sent = await send(addresses, warmUp);
    await breakConnections(AT_ONCE);
    let rounds = 0;
    let grown: ReturnType<typeof growth>[];
    do {
      const before = await memory();
      sent.push(...(await send(addresses, wanted - warmUp)));
      await breakConnections(connections);
      await untilClosed();
      grown = (await memory()).map((after, index) => growth(before[index] as Memory, after));
    } while (++rounds < ROUNDS && !grown.every(({ isFlat }) => isFlat));

    using client = new BookstoreClient(bookstore.addresses);
    const isAlive = (await bookstore.isRunning()) && (await client.createAuthor()).ok;
    const bugs = sent.filter(
      (each) => BUGS.includes(each.status) && !(each.status === 'INTERNAL' && INTERNAL_BY_GRPC.includes(each.kind)),
    );
    run.say(`${tally(sent.map((each) => each.status))}; 99.9 % in ${quantile(sent, 0.999)} ms`);
    for (const { kind, status, hex } of bugs.slice(0, 5)) run.say(`${status} for ${kind}: ${hex}`);
    const fault = run.fault(
      `${sent.length} requests of ${malformations.length} kinds, ${rounds * connections} broken connections`,
    );
    fault.never('requests answered UNKNOWN, INTERNAL or not at all', bugs.length, sent.length);
    fault.within(ANSWERED_MS, 'answered', quantile(sent, 1));
    fault.promise(
      'alive, flat memory, all connections closed',
      isAlive && grown.every(({ isFlat }) => isFlat),
      grown.map(({ text }) => text).join(' and '),
    );
  },
};

async function send([author = '', book = '']: readonly string[], count: number): Promise<Sent[]> {
  const targets = [
    { session: new RawSession(author), requests: authorRequests },
    { session: new RawSession(book), requests: bookRequests },
  ];
  const sent = await atOnce(AT_ONCE, count, async () => {
    const { session, requests } = pick(targets);
    const { kind, request } = malformedRequest(pick(requests));
    const answer = await session.send(request);
    const hex = `${request.path} ${request.body.subarray(0, 200).toString('hex')}`;
    return { kind, status: status[Number(answer.status)] ?? answer.status, ms: answer.ms, hex };
  });
  for (const { session } of targets) session.close();
  return sent;
}
