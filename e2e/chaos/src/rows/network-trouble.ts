import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, type Outcome, quantile, tally } from '../client/outcome.js';
import { untilOk } from '../client/probe.js';
import type { Interference } from '../network/tcp-link.js';
import { TcpLink } from '../network/tcp-link.js';
import { Random } from '../random.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';
import { severalAtOnce } from '../several-at-once.js';

const DEADLINE_MS = 2000;
/** A caller hears of its deadline this much later, at the latest. */
const LATE_MS = 100;
const HEALED_MS = 3000;
/** A connection that is cut fails every call on it: with more of them none would ever succeed. */
const AT_ONCE = 24;

/** Row 7: the network between the caller and the book service, and between the services. */
export const networkTrouble: Row = {
  number: 7,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true });
    const link = await TcpLink.open();
    try {
      link.leadTo(Number(bookstore.addresses.book.split(':')[1]));
      const findings: Finding[] = [];
      for (const [fault, interfere] of faults(new Random(lab.seed))) {
        lab.say(`  the network ${fault}`);
        findings.push(...(await underFault(bookstore, lab, link, fault, interfere)));
      }
      return findings;
    } finally {
      await link.close();
    }
  },
};

function faults(random: Random): ReadonlyArray<readonly [string, Interference]> {
  return [
    [
      'resets one chunk in ten',
      (bytes, _, cut) => {
        if (!random.chance(0.1)) return bytes;
        cut();
        return undefined;
      },
    ],
    [
      'delays each chunk by 500 ± 250 ms',
      async (bytes) => {
        await sleep(250 + random.below(500));
        return bytes;
      },
    ],
    [
      'cuts the connection in the middle of one chunk in ten',
      (bytes, _, cut) => {
        if (!random.chance(0.1)) return bytes;
        setImmediate(cut);
        return bytes.subarray(0, Math.floor(bytes.length / 2));
      },
    ],
    [
      'swallows the answer after the commit, for one call in three',
      (bytes, direction, cut) => {
        // Headers, answer and trailers of a call come in one chunk; what is shorter belongs to the connection.
        if (direction === 'request' || bytes.length < 60 || !random.chance(0.33)) return bytes;
        cut();
        return undefined;
      },
    ],
  ];
}

async function underFault(
  bookstore: ChaosBookstore,
  lab: Lab,
  link: TcpLink,
  fault: string,
  interfere: Interference,
): Promise<Finding[]> {
  using direct = new BookstoreClient(bookstore.addresses);
  using client = new BookstoreClient({ ...bookstore.addresses, book: `127.0.0.1:${link.port}` });
  const author = must(await direct.createAuthor(`${randomUUID()}@example.com`)).id;
  const links = [link, bookstore.links.toAuthors, bookstore.links.toBooks];
  for (const each of links) each.interfere = interfere;
  const creates = scaled(lab, { test: 8, short: 12, full: 200 });
  const attempts: Outcome<unknown>[] = [];
  const answers = await severalAtOnce(creates, AT_ONCE, () => createUntilOk(client, author, attempts));
  for (const each of links) each.heal();
  const healedMs = await untilOk(30_000, () => client.createBook(author));

  const rows = await bookstore.query<{ id: string; request_id: string }>('books', 'SELECT id, request_id FROM books');
  const ofRequest = groupIds(rows);
  const wrong = answers.filter(({ requestId, ids }) => {
    const stored = ofRequest.get(requestId) ?? [];
    return stored.length !== 1 || ids.some((id) => id !== stored[0]);
  });
  const slowest = attempts.reduce((longest, { ms }) => Math.max(longest, ms), 0);
  const what = `the network ${fault}`;
  return [
    {
      fault: what,
      promise: 'no hang: each call ends by its deadline',
      timed: true,
      measured: `${attempts.length} calls of ${DEADLINE_MS} ms: median ${Math.round(
        quantile(
          attempts.map(({ ms }) => ms),
          0.5,
        ),
      )} ms, slowest ${Math.round(slowest)} ms; ${tally(attempts.map(labelOf))}`,
      holds: slowest <= DEADLINE_MS + LATE_MS,
    },
    {
      fault: what,
      promise: 'no duplicate: the same request_id has the same id and one row',
      measured: `${creates} creates in ${attempts.length} tries; ${wrong.length} wrong`,
      holds: wrong.length === 0,
    },
    {
      fault: what,
      promise: 'healed within 3 s',
      timed: true,
      measured: `${Math.round(healedMs)} ms`,
      holds: healedMs <= HEALED_MS,
    },
  ];
}

/** Repeats one create until it is answered, and then once more: the ids of all its answers. */
async function createUntilOk(
  client: BookstoreClient,
  author: string,
  attempts: Outcome<unknown>[],
): Promise<{ requestId: string; ids: string[] }> {
  const requestId = randomUUID();
  const ids: string[] = [];
  for (let attempt = 0; ids.length < 2; attempt++) {
    if (attempt > 60) throw new Error(`a create did not succeed in ${attempt} tries`);
    const outcome = await client.createBook(author, { requestId }, { deadlineMs: DEADLINE_MS });
    attempts.push(outcome);
    if (outcome.ok) ids.push(outcome.response.id);
    else await sleep(50);
  }
  return { requestId, ids };
}

function groupIds(rows: ReadonlyArray<{ id: string; request_id: string }>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, request_id } of rows) groups.set(request_id, [...(groups.get(request_id) ?? []), id]);
  return groups;
}
