import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bookstore, Breakable } from '../bookstore/bookstore.js';
import { onContainers } from '../bookstore/compose-bookstore.js';
import { onProcesses } from '../bookstore/embedded-bookstore.js';
import { connect, labelOf, msUntilOk, must, type Outcome, tally } from '../client.js';
import type { Run, Scenario } from '../scenario.js';

const MAX_LATE_MS = 100;
const HEALED_MS = 3000;
/** Below and above the deadline of a service's call to its peer, 2 s. */
const DEADLINES_MS = [1000, 3000];
const PAUSE_MS = 20;

/** The author service does not answer, and its connections stay open. */
export const frozenPeer: Scenario = {
  name: 'frozen-peer',
  embedded: onProcesses({}, (run, bookstore) => {
    const author = bookstore.service('author-service');
    const { internal } = author.proxies;
    const connection = { freeze: async () => internal.freeze(), thaw: async () => internal.heal() };
    return freezeEach(run, bookstore, [author, connection]);
  }),
  compose: onContainers([], (run, bookstore) => freezeEach(run, bookstore, [bookstore.service('author-service')])),
};

type Freezable = Pick<Breakable, 'freeze' | 'thaw'>;

async function freezeEach(run: Run, bookstore: Bookstore, peers: readonly Freezable[]): Promise<void> {
  using client = connect(bookstore.addresses);
  const ofKnown: Outcome[] = [];
  const ofUnknown: Outcome[] = [];
  const lateMs: number[] = [];
  const healedMs: number[] = [];
  for (const peer of peers) {
    const known = (await must(client.createAuthor())).id;
    await must(client.createBook(known));
    await peer.freeze();
    const endAt = performance.now() + run.amount(3000, 15_000);
    const repeat = async (outcomes: Outcome[], call: () => Promise<Outcome>, deadlineMs = Number.POSITIVE_INFINITY) => {
      for (; performance.now() < endAt; await sleep(PAUSE_MS)) {
        const outcome = await call();
        outcomes.push(outcome);
        lateMs.push(outcome.ms - deadlineMs);
      }
    };
    const ofDeadline = (ms: number) => [
      repeat(ofUnknown, () => client.createBook(randomUUID(), {}, ms), ms),
      repeat(ofUnknown, () => client.booksOf(randomUUID(), ms), ms),
    ];
    await Promise.all([repeat(ofKnown, () => client.createBook(known)), ...DEADLINES_MS.flatMap(ofDeadline)]);
    await peer.thaw();
    healedMs.push(await msUntilOk(async () => client.createBook((await must(client.createAuthor())).id)));
  }
  const latestMs = Math.round(Math.max(...lateMs));
  const created = ofKnown.filter(({ ok }) => ok).length;
  run.say(`books of known authors: ${tally(ofKnown.map(labelOf))}; of others: ${tally(ofUnknown.map(labelOf))}`);
  run.promise('no call about an unknown author succeeds', ofUnknown.length > 0 && ofUnknown.every(({ ok }) => !ok));
  run.timedPromise(
    `calls about unknown authors end by their deadline + ${MAX_LATE_MS} ms`,
    latestMs <= MAX_LATE_MS,
    `${ofUnknown.length} calls about unknown authors, at most ${latestMs} ms late`,
  );
  run.promise(
    'books of known authors are created',
    ofKnown.length > 0 && created === ofKnown.length,
    `${created} of ${ofKnown.length} books of known authors created`,
  );
  run.within(HEALED_MS, 'healed', Math.max(...healedMs));
}
