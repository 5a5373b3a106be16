import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { growth } from '../bookstore/growth.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, type Outcome, quantile, tally } from '../client/outcome.js';
import { untilOk } from '../client/probe.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';

const STATEMENT_MS = 20;
/** As many as the database can serve well within the time that a call waits for a connection. */
const IN_FLIGHT = 32;
const SETTINGS = { DATABASE_POOL_SIZE: '4', MAX_CALLS_IN_FLIGHT: String(IN_FLIGHT) };
const REFUSED_MS = 50;
const NORMAL_MS = 3000;
const PATIENCE_MS = 1000;
/**
 * Far more than the service lets in. Each call that is given up while it is queued costs nghttp2 a look at all that are:
 * with more of them this would be the client's overload.
 */
const MOST_PENDING = 1000;

/** Row 9: more calls than can be served. */
export const overload: Row = {
  number: 9,
  run: async (lab) => [...(await slowDatabase(lab)), ...(await cpuBound(lab))],
};

/** Callers that each make one call after the other, and wait as they are told when they are refused. */
async function callers(
  count: number,
  forMs: number,
  call: () => Promise<Outcome<unknown>>,
): Promise<Outcome<unknown>[]> {
  const outcomes: Outcome<unknown>[] = [];
  const until = performance.now() + forMs;
  const work = async () => {
    while (performance.now() < until) {
      const outcome = await call();
      outcomes.push(outcome);
      if (!outcome.ok) await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  return outcomes;
}

const perSecond = (outcomes: readonly Outcome<unknown>[], ms: number): number =>
  (outcomes.filter(({ ok }) => ok).length / ms) * 1000;

async function slowDatabase(lab: Lab): Promise<Finding[]> {
  await using bookstore = await lab.start({ links: true, env: SETTINGS });
  using client = new BookstoreClient(bookstore.addresses);
  const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
  must(await client.createBook(author));
  bookstore.links.bookDatabase.interfere = async (bytes, direction) => {
    if (direction === 'answer') await sleep(STATEMENT_MS);
    return bytes;
  };
  const create = () => client.createBook(author);
  const peakMs = scaled(lab, { test: 2000, short: 2000, full: 15_000 });
  const overMs = scaled(lab, { test: 2000, short: 2000, full: 60_000 });
  await callers(IN_FLIGHT / 2, 1000, create);
  const peak = perSecond(await callers(IN_FLIGHT, peakMs, create), peakMs);
  const outcomes = await callers(3 * IN_FLIGHT, overMs, create);
  const goodput = perSecond(outcomes, overMs);
  const refused = outcomes
    .filter((outcome) => labelOf(outcome) === 'RESOURCE_EXHAUSTED/OVERLOADED')
    .map(({ ms }) => ms);
  const others = outcomes.map(labelOf).filter((label) => label !== 'OK' && label !== 'RESOURCE_EXHAUSTED/OVERLOADED');
  const fault = `a database of ${STATEMENT_MS} ms a statement, 3 × the in-flight limit (${IN_FLIGHT}), ${overMs / 1000} s`;
  return [
    {
      fault,
      promise: 'goodput ≥ 90 % of peak',
      timed: true,
      measured: `${goodput.toFixed(0)}/s of ${peak.toFixed(0)}/s: ${((goodput / peak) * 100).toFixed(0)} %`,
      holds: goodput >= 0.9 * peak,
    },
    {
      fault,
      promise: `refusals RESOURCE_EXHAUSTED in ≤ ${REFUSED_MS} ms`,
      timed: true,
      measured: `${refused.length} in ${Math.round(quantile(refused, 0.5))} ms (median), ${Math.round(quantile(refused, 0.99))} ms (99 %), ${Math.round(quantile(refused, 1))} ms (slowest); others: ${tally(others)}`,
      holds: refused.length > 0 && others.length === 0 && quantile(refused, 0.99) <= REFUSED_MS,
    },
  ];
}

async function cpuBound(lab: Lab): Promise<Finding[]> {
  await using bookstore = await lab.start();
  using client = new BookstoreClient(bookstore.addresses);
  const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
  const book = must(await client.createBook(author)).id;
  const ms = scaled(lab, { test: 1000, short: 1000, full: 20_000 });
  const read = () => client.getBook(book, { deadlineMs: PATIENCE_MS });
  await callers(16, 1000, read);
  const peak = perSecond(await callers(32, ms, read), ms);
  // What a peak load leaves is no growth: the first round of each factor warms the process up.
  const service = bookstore.services['book-service'];
  const findings: Finding[] = [];
  for (const factor of [1.5, 3]) {
    await offer(peak * factor, ms / 2, read);
    const before = await service.memory();
    const { offered, outcomes } = await offer(peak * factor, ms, read);
    const healedMs = await untilOk(30_000, () => client.createBook(author));
    const grown = growth(before, await service.memory());
    const latencies = outcomes.filter(({ ok }) => ok).map((outcome) => outcome.ms);
    findings.push(
      {
        fault: `CPU-bound: ${factor} × the peak of ${peak.toFixed(0)}/s`,
        promise: 'alive, memory flat, normal within 3 s after',
        timed: true,
        measured: `${service.running ? 'alive' : 'ended'}, ${grown.text}, a call after ${Math.round(healedMs)} ms`,
        holds: service.running && grown.flat && healedMs <= NORMAL_MS,
      },
      {
        fault: `CPU-bound: ${factor} × the peak of ${peak.toFixed(0)}/s`,
        promise: 'goodput',
        measured: `${perSecond(outcomes, ms).toFixed(0)}/s of ${offered.toFixed(0)}/s offered, median ${Math.round(quantile(latencies, 0.5))} ms; ${tally(outcomes.map(labelOf))}`,
        holds: undefined,
      },
    );
  }
  return findings;
}

/** Begins calls at this rate, as long as not too many have no answer yet. */
async function offer(rate: number, forMs: number, call: () => Promise<Outcome<unknown>>) {
  const startedAt = performance.now();
  const calls: Array<Promise<Outcome<unknown>>> = [];
  let pending = 0;
  const begin = async () => {
    pending++;
    try {
      return await call();
    } finally {
      pending--;
    }
  };
  while (performance.now() - startedAt < forMs) {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    while (calls.length < due && pending < MOST_PENDING) calls.push(begin());
    await sleep(5);
  }
  return { offered: (calls.length / forMs) * 1000, outcomes: await Promise.all(calls) };
}
