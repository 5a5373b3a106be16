import { readdirSync } from 'node:fs';
import { atOnce, until } from '@bookstore/sandbox';
import { onProcesses } from '../bookstore/embedded-bookstore.js';
import { growth, type Memory } from '../bookstore/memory.js';
import type { Replica } from '../bookstore/replica.js';
import { connect, quantile, tally } from '../client.js';
import { sendBrokenFrames } from '../fuzz/broken-frames.js';
import { authorRequests, bookRequests, malformedRequest } from '../fuzz/malformed-requests.js';
import { type RawAnswer, RawSession } from '../fuzz/raw-session.js';
import { pick } from '../random.js';
import type { Scenario } from '../scenario.js';

/** With more of them, each would wait for the others. */
const REQUESTS_AT_ONCE = 8;
const CONNECTIONS_AT_ONCE = 24;
/** After them, code is compiled and caches are filled. */
const WARM_UP = 500;
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
const INTERNAL_BY_GRPC = ['broken compression', 'compression without a name', 'broken metadata'];

interface Sent extends RawAnswer {
  readonly kind: string;
  /** The request, to send it again. */
  readonly hex: string;
}

/** Messages and frames that no client sends. */
export const malformedRequests: Scenario = {
  name: 'malformed-requests',
  embedded: onProcesses({}, async (run, bookstore) => {
    const replicas = [bookstore.service('author-service'), bookstore.service('book-service')];
    const addresses = Object.values(bookstore.addresses);
    const memory = () => Promise.all(replicas.map((replica) => replica.memory()));
    const open = replicas.map(countOpenFiles);
    const areClosed = () =>
      replicas.every((replica, index) => countOpenFiles(replica) <= (open[index] as number) + MAX_MORE_FILES);
    const breakConnections = (count: number) =>
      atOnce(CONNECTIONS_AT_ONCE, count, () => sendBrokenFrames(pick(addresses)));

    const sent = await send(addresses, WARM_UP);
    await breakConnections(CONNECTIONS_AT_ONCE);
    const connections = run.amount(100, 1000);
    let rounds = 0;
    let grown: ReturnType<typeof growth>[];
    do {
      const before = await memory();
      sent.push(...(await send(addresses, run.amount(500, 20_000))));
      await breakConnections(connections);
      await until('the end of every connection', CLOSED_WITHIN_MS, areClosed);
      grown = (await memory()).map((after, index) => growth(before[index] as Memory, after));
    } while (++rounds < ROUNDS && !grown.every(({ isFlat }) => isFlat));

    using client = connect(bookstore.addresses);
    const isAlive = (await bookstore.isRunning()) && (await client.createAuthor()).ok;
    const bugs = sent.filter(
      (each) => BUGS.includes(each.status) && !(each.status === 'INTERNAL' && INTERNAL_BY_GRPC.includes(each.kind)),
    );
    run.say(tally(sent.map((each) => each.status)));
    for (const bug of bugs.slice(0, 5)) run.say(`${bug.status} for ${bug.kind}: ${bug.hex}`);
    run.never('requests answered UNKNOWN, INTERNAL or not at all', bugs.length, sent.length);
    run.promise('alive after broken connections', isAlive, `${rounds * connections} broken connections`);
    run.promise(
      'flat memory',
      grown.every(({ isFlat }) => isFlat),
      `memory ${grown.map(({ text }) => text).join(' and ')}`,
    );
    run.within(ANSWERED_MS, 'answered (99.9 %)', quantile(sent.slice(WARM_UP), 0.999));
  }),
};

/** Files and sockets; 0 where the platform does not say. */
const countOpenFiles = (replica: Replica): number =>
  process.platform === 'linux' ? readdirSync(`/proc/${replica.process?.pid}/fd`).length : 0;

async function send([author = '', book = '']: readonly string[], count: number): Promise<Sent[]> {
  const targets = [
    { session: new RawSession(author), requests: authorRequests },
    { session: new RawSession(book), requests: bookRequests },
  ];
  const sent = await atOnce(REQUESTS_AT_ONCE, count, async () => {
    const { session, requests } = pick(targets);
    const { kind, request } = malformedRequest(pick(requests));
    const hex = `${request.path} ${request.body.subarray(0, 200).toString('hex')}`;
    return { kind, hex, ...(await session.send(request)) };
  });
  for (const { session } of targets) session.close();
  return sent;
}
