import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedBookstore, sharedEmbedded } from '../bookstore/embedded-bookstore.js';
import { growth } from '../bookstore/memory.js';
import { BookstoreClient, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import type { Run, Scenario } from '../scenario.js';

const STATEMENT_MS = 20;
/** As many calls as the slow database can serve within the time that a call may wait for a connection. */
const MAX_IN_FLIGHT = 32;
const SETTINGS = { DATABASE_POOL_SIZE: '4', MAX_CALLS_IN_FLIGHT: String(MAX_IN_FLIGHT) };
const REFUSED_MS = 50;
const NORMAL_MS = 3000;
const READ_DEADLINE_MS = 1000;
/**
 * Far more than the service admits. When a call is given up while it is queued, nghttp2 searches the whole queue: with
 * more pending calls than this, the overload would be the client's.
 */
const MAX_PENDING = 1000;

/** More calls than can be served. */
export const overload: Scenario = {
  name: 'overload',
  embedded: async (run) => {
    await overloadDatabase(run);
    await overloadCpu(run);
  },
};

async function overloadDatabase(run: Run): Promise<void> {
  await using bookstore = await EmbeddedBookstore.start({ databaseProxies: true, env: SETTINGS });
  using client = new BookstoreClient(bookstore.addresses);
  const author = (await must(client.createAuthor())).id;
  await must(client.createBook(author));
  bookstore.databaseProxy('book-service').injectFault(async (chunk, direction) => {
    if (direction === 'answer') await sleep(STATEMENT_MS);
    return chunk;
  });
  const create = () => client.createBook(author);
  const [peakMs, overMs] = [run.amount(2000, 15_000), run.amount(2000, 60_000)];
  await callers(MAX_IN_FLIGHT / 2, 1000, create);
  const peak = perSecond(await callers(MAX_IN_FLIGHT, peakMs, create), peakMs);
  const outcomes = await callers(3 * MAX_IN_FLIGHT, overMs, create);
  const goodput = perSecond(outcomes, overMs);
  const refused = outcomes.filter((outcome) => labelOf(outcome) === 'RESOURCE_EXHAUSTED/OVERLOADED');
  const isOnlyRefused = outcomes.every((outcome) => outcome.ok || refused.includes(outcome));
  run.say(`${tally(outcomes.map(labelOf))}; refused in ${quantile(refused, 0.5)} ms (median)`);
  const fault = run.fault(`statements of ${STATEMENT_MS} ms, 3 × the limit of calls in flight, ${overMs / 1000} s`);
  fault.timedPromise(
    'goodput ≥ 90 % of the peak',
    goodput >= 0.9 * peak,
    `goodput ${goodput.toFixed(0)}/s of ${peak.toFixed(0)}/s`,
  );
  fault.timedPromise(
    `other calls are refused with RESOURCE_EXHAUSTED within ${REFUSED_MS} ms`,
    refused.length > 0 && isOnlyRefused && quantile(refused, 0.99) <= REFUSED_MS,
    `refused in ${quantile(refused, 0.99)} ms (99 %)`,
  );
}

async function overloadCpu(run: Run): Promise<void> {
  const bookstore = await sharedEmbedded.get();
  using client = new BookstoreClient(bookstore.addresses);
  const author = (await must(client.createAuthor())).id;
  const book = (await must(client.createBook(author))).id;
  const service = bookstore.service('book-service');
  const read = () => client.getBook(book, READ_DEADLINE_MS);
  const ms = run.amount(1000, 20_000);
  await callers(16, 1000, read);
  const peak = perSecond(await callers(32, ms, read), ms);
  for (const factor of [1.5, 3]) {
    // The first round of each factor warms the process up.
    await offer(peak * factor, ms / 2, read);
    const before = await service.memory();
    const outcomes = await offer(peak * factor, ms, read);
    const normalMs = await msUntilOk(() => client.createBook(author));
    const { isFlat, text } = growth(before, await service.memory());
    run.say(`median ${quantile(outcomes, 0.5)} ms; ${tally(outcomes.map(labelOf))}`);
    const fault = run.fault(`${factor} × the peak of ${peak.toFixed(0)} reads/s`);
    fault.timedPromise(
      'alive, flat memory, normal within 3 s after',
      service.isRunning && isFlat && normalMs <= NORMAL_MS,
      `${text}; a call after ${normalMs} ms`,
    );
    fault.figure('goodput', `goodput ${perSecond(outcomes, ms).toFixed(0)}/s`);
  }
}

/** Clients that make one call after the other. After a refusal they wait as the service says. */
async function callers(count: number, forMs: number, call: () => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const endAt = performance.now() + forMs;
  const work = async () => {
    while (performance.now() < endAt) {
      const outcome = await call();
      outcomes.push(outcome);
      if (!outcome.ok) await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  return outcomes;
}

/** Begins calls at this rate, while not too many are pending. */
async function offer(rate: number, forMs: number, call: () => Promise<Outcome>): Promise<Outcome[]> {
  const startedAt = performance.now();
  const calls: Array<Promise<Outcome>> = [];
  let pending = 0;
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - startedAt) {
    while (calls.length < (elapsed / 1000) * rate && pending < MAX_PENDING) {
      pending++;
      calls.push(call().finally(() => pending--));
    }
    await sleep(5);
  }
  return Promise.all(calls);
}

const perSecond = (outcomes: readonly Outcome[], ms: number): number =>
  (outcomes.filter(({ ok }) => ok).length / ms) * 1000;
