import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bookstore } from '../bookstore/bookstore.js';
import { sharedCompose } from '../bookstore/compose-bookstore.js';
import { sharedWithProxies } from '../bookstore/embedded-bookstore.js';
import { BookstoreClient, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import type { Run, Scenario } from '../scenario.js';

const MAX_LATE_MS = 100;
const HEALED_MS = 3000;
/** Below and above the deadline of a service's call to its peer, 2 s. */
const DEADLINES_MS = [1000, 3000];
const PAUSE_MS = 20;

/** The author service does not answer, and its connections stay open. */
export const frozenPeer: Scenario = {
  name: 'frozen-peer',
  embedded: async (run) => {
    const bookstore = await sharedWithProxies.get();
    await freezeProcess(run, bookstore);
    const { internal } = bookstore.service('author-service').proxies;
    await freeze(run, bookstore, 'connection to the author service silent', {
      begin: async () => internal.freeze(),
      end: async () => internal.heal(),
    });
  },
  compose: async (run) => freezeProcess(run, await sharedCompose.get()),
};

async function freezeProcess(run: Run, bookstore: Bookstore): Promise<void> {
  const author = bookstore.service('author-service');
  await freeze(run, bookstore, 'author service frozen', {
    begin: () => author.freeze(),
    end: () => author.thaw(),
  });
}

async function freeze(
  run: Run,
  bookstore: Bookstore,
  what: string,
  { begin, end }: { begin(): Promise<void>; end(): Promise<void> },
): Promise<void> {
  using client = new BookstoreClient(bookstore.addresses);
  const known = (await must(client.createAuthor())).id;
  await must(client.createBook(known));
  const seconds = run.amount(3, 20);
  await begin();
  const endAt = performance.now() + seconds * 1000;
  const repeat = async (call: () => Promise<Outcome>) => {
    const outcomes: Outcome[] = [];
    for (; performance.now() < endAt; await sleep(PAUSE_MS)) outcomes.push(await call());
    return outcomes;
  };
  const ofUnknown = DEADLINES_MS.flatMap((deadlineMs) =>
    [() => client.createBook(randomUUID(), {}, deadlineMs), () => client.booksOf(randomUUID(), deadlineMs)].map(
      async (call) => (await repeat(call)).map((outcome) => ({ outcome, lateMs: outcome.ms - deadlineMs })),
    ),
  );
  const ofKnown = await repeat(() => client.createBook(known));
  const asked = (await Promise.all(ofUnknown)).flat();
  await end();
  const healedMs = await msUntilOk(async () => client.createBook((await must(client.createAuthor())).id));

  const latest = Math.round(Math.max(...asked.map(({ lateMs }) => lateMs)));
  const created = ofKnown.filter(({ ok }) => ok).length;
  run.say(`books of known authors: ${quantile(ofKnown, 0.99)} ms (99 %); ${tally(ofKnown.map(labelOf))}`);
  run.say(`books of unknown authors: ${tally(asked.map(({ outcome }) => labelOf(outcome)))}`);
  const fault = run.fault(`${what} for ${seconds} s`);
  fault.timedPromise(
    'calls about unknown authors end by their deadline + 100 ms',
    latest <= MAX_LATE_MS && asked.every(({ outcome }) => !outcome.ok),
    `${asked.length} calls, at most ${latest} ms late`,
  );
  fault.promise(
    'books of known authors are created',
    ofKnown.length > 0 && created === ofKnown.length,
    `${created} of ${ofKnown.length} books of known authors created`,
  );
  fault.within(HEALED_MS, 'healed', healedMs);
}
