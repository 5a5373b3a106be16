import { setTimeout as sleep } from 'node:timers/promises';
import { atOnce } from '@bookstore/sandbox';
import { type EmbeddedBookstore, onProcesses } from '../bookstore/embedded-bookstore.js';
import { growth } from '../bookstore/memory.js';
import type { Replica } from '../bookstore/replica.js';
import { connect, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import { underLoad } from '../load.js';
import type { Run, Scenario } from '../scenario.js';

const STATEMENT_MS = 20;
/** As many calls as the slow database can serve within the time that a call may wait for a connection. */
const MAX_IN_FLIGHT = 32;
const SETTINGS = { DATABASE_POOL_SIZE: '4', MAX_CALLS_IN_FLIGHT: String(MAX_IN_FLIGHT) };
const REFUSED_MS = 50;
const NORMAL_MS = 3000;
const READ_DEADLINE_MS = 1000;

/** More calls than can be served. */
export const overload: Scenario = {
  name: 'overload',
  embedded: onProcesses({ env: SETTINGS }, async (run, bookstore) => {
    using client = connect(bookstore.addresses);
    const author = (await must(client.createAuthor())).id;
    const book = (await must(client.createBook(author))).id;
    await overloadCpu(run, bookstore.service('book-service'), () => client.getBook(book, READ_DEADLINE_MS));
    await slowDown(bookstore);
    await overloadDatabase(run, () => client.createBook(author));
  }),
};

async function overloadCpu(run: Run, service: Replica, read: () => Promise<Outcome>): Promise<void> {
  const ms = run.amount(1000, 5000);
  await overloadBy(read, ms);
  const before = await service.memory();
  await overloadBy(read, ms);
  const normalMs = await msUntilOk(read);
  const { isFlat, text } = growth(before, await service.memory());
  run.promise('alive, flat memory', isFlat && (service.process?.running ?? false), `memory ${text}`);
  run.within(NORMAL_MS, 'normal', normalMs);
}

async function overloadDatabase(run: Run, create: () => Promise<Outcome>): Promise<void> {
  await overloadBy(create, 1000);
  const { peak, goodput, outcomes } = await overloadBy(create, run.amount(3000, 20_000));
  const refused = outcomes.filter((outcome) => labelOf(outcome) === 'RESOURCE_EXHAUSTED/OVERLOADED');
  run.say(`${tally(outcomes.map(labelOf))}; refused in ${quantile(refused, 0.5)} ms (median)`);
  run.promise(
    'other calls are refused with RESOURCE_EXHAUSTED',
    refused.length > 0 && outcomes.every((outcome) => outcome.ok || refused.includes(outcome)),
  );
  run.timedPromise(
    'goodput ≥ 90 % of the peak',
    goodput >= 0.9 * peak,
    `goodput ${goodput.toFixed(0)}/s of ${peak.toFixed(0)}/s`,
  );
  run.within(REFUSED_MS, 'refused (99 %)', quantile(refused, 0.99));
}

/** Slows down in the database itself: this process has enough to do with the calls. */
async function slowDown(bookstore: EmbeddedBookstore): Promise<void> {
  await bookstore.query(
    'book-service',
    `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN PERFORM pg_sleep(${STATEMENT_MS / 1000}); RETURN NEW; END $$;
     CREATE TRIGGER slow BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION slow();`,
  );
}

/**
 * Measures how many calls per second succeed: as many at once as are admitted, then at three times that rate. The first
 * time warms the process up.
 */
async function overloadBy(call: () => Promise<Outcome>, ms: number) {
  const perSecond = (outcomes: readonly Outcome[]) => (outcomes.filter(({ ok }) => ok).length / ms) * 1000;
  const endAt = performance.now() + ms;
  const admitted: Outcome[] = [];
  await atOnce(MAX_IN_FLIGHT, MAX_IN_FLIGHT, async () => {
    while (performance.now() < endAt) admitted.push(await call());
  });
  const peak = perSecond(admitted);
  const outcomes = await underLoad(call, 3 * peak, () => sleep(ms));
  return { peak, goodput: perSecond(outcomes), outcomes };
}
