import { randomUUID } from 'node:crypto';
import type { FaultyBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, type Outcome, quantile, tally } from '../client/outcome.js';
import { repeatWhile, untilOk } from '../client/probe.js';
import { ComposeBookstore } from '../compose/compose-bookstore.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';

const LATE_MS = 100;
/** One below the time that a service gives its peer (2 s), and one above. */
const DEADLINES_MS = [1000, 3000];

/** Row 6: the other service stands still, or the connection to it leads nowhere. */
export const frozenPeer: Row = {
  number: 6,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true });
    const author = bookstore.services['author-service'];
    const { toAuthors } = bookstore.links;
    const seconds = scaled(lab, { test: 3, short: 3, full: 20 });
    return [
      ...(await frozen(bookstore, lab, `the author service is frozen (SIGSTOP) for ${seconds} s`, seconds, {
        begin: () => author.freeze(),
        end: () => author.thaw(),
      })),
      ...(await frozen(bookstore, lab, `the connection to the author service leads nowhere for ${seconds} s`, seconds, {
        begin: async () => toAuthors.freeze(),
        end: async () => toAuthors.heal(),
      })),
    ];
  },
};

/** Row 6 on containers: the engine freezes the author service's. */
export const pausedContainer: Row = {
  number: 6,
  run: async (lab) => {
    await using bookstore = await ComposeBookstore.start();
    const author = bookstore.services['author-service'];
    const seconds = scaled(lab, { test: 3, short: 3, full: 20 });
    return await frozen(bookstore, lab, `the author service's container is paused for ${seconds} s`, seconds, {
      begin: () => author.freeze(),
      end: () => author.thaw(),
    });
  },
};

interface Freeze {
  begin(): Promise<void>;
  end(): Promise<void>;
}

async function frozen(
  bookstore: FaultyBookstore,
  lab: Lab,
  fault: string,
  seconds: number,
  { begin, end }: Freeze,
): Promise<Finding[]> {
  using client = new BookstoreClient(bookstore.addresses);
  const known = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
  must(await client.createBook(known));
  await begin();
  const until = performance.now() + seconds * 1000;
  const going = () => performance.now() < until;
  const late: number[] = [];
  const asking = DEADLINES_MS.flatMap((deadlineMs) =>
    [() => client.createBook(randomUUID(), {}, { deadlineMs }), () => client.booksOf(randomUUID(), { deadlineMs })].map(
      async (call) => {
        const outcomes = await repeatWhile<unknown>(going, call);
        late.push(...outcomes.map(({ ms }) => ms - deadlineMs));
        return outcomes;
      },
    ),
  );
  const [ofKnown, ...ofUnknown] = (await Promise.all([
    repeatWhile<unknown>(going, () => client.createBook(known)),
    ...asking,
  ])) as [Outcome<unknown>[], ...Outcome<unknown>[][]];
  await end();
  const healedMs = await untilOk(30_000, async () =>
    client.createBook(must(await client.createAuthor(`${randomUUID()}@example.com`)).id),
  );
  const refused = ofUnknown.flat();
  const slowest = Math.max(...late);
  lab.say(
    `  known authors' creates: ${Math.round(
      quantile(
        ofKnown.map(({ ms }) => ms),
        0.99,
      ),
    )} ms at the 99th percentile`,
  );
  return [
    {
      fault,
      promise: 'every call ends by its deadline + 100 ms',
      timed: true,
      measured: `${refused.length} calls, the latest ${Math.round(slowest)} ms after its deadline; ${tally(refused.map(labelOf))}`,
      holds: slowest <= LATE_MS && refused.every(({ ok }) => !ok),
    },
    {
      fault,
      promise: "known authors' books are still created",
      measured: tally(ofKnown.map(labelOf)),
      holds: ofKnown.length > 0 && ofKnown.every(({ ok }) => ok),
    },
    {
      fault,
      promise: 'healed within 3 s',
      timed: true,
      measured: `${Math.round(healedMs)} ms`,
      holds: healedMs <= 3000,
    },
  ];
}
