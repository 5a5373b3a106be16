import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@bookstore/sandbox';
import type { FaultyBookstore, ServiceName } from '../bookstore/chaos-bookstore.js';
import { findOrphans } from '../bookstore/orphans.js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { ComposeBookstore } from '../compose/compose-bookstore.js';
import { Ledger } from '../load/ledger.js';
import { MixedCalls, served } from '../load/mixed-calls.js';
import { SteadyLoad, type TimedCall } from '../load/steady-load.js';
import { Random } from '../random.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';

const PER_SECOND = 200;
/** After serving again, ms. */
const RECOVERY_MS = 3000;
/** What a call may end with while a service is away. */
const ALLOWED = /^(UNAVAILABLE|ABORTED)\b/;

/** Row 3: either service is killed under load and comes back. */
export const sigkill: Row = {
  number: 3,
  run: (lab) => killedInTurn(lab, () => lab.start()),
};

/** Row 3 on containers. */
export const sigkillOfContainers: Row = {
  number: 3,
  run: (lab) => killedInTurn(lab, () => ComposeBookstore.start()),
};

async function killedInTurn(lab: Lab, start: () => Promise<FaultyBookstore>): Promise<Finding[]> {
  await using bookstore = await start();
  return [...(await killed(lab, bookstore, 'book-service')), ...(await killed(lab, bookstore, 'author-service'))];
}

async function killed(lab: Lab, bookstore: FaultyBookstore, service: ServiceName): Promise<Finding[]> {
  using client = new BookstoreClient(bookstore.addresses);
  const ledger = new Ledger();
  await using load = new SteadyLoad(new MixedCalls(client, ledger), PER_SECOND, new Random(lab.seed));
  const steadyMs = scaled(lab, { test: 500, short: 500, full: 5000 });
  await sleep(steadyMs);
  const kills = scaled(lab, { test: 1, short: 1, full: 5 });
  const servingAgain: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await bookstore.services[service].kill();
    await bookstore.services[service].start();
    servingAgain.push(performance.now());
    await sleep(RECOVERY_MS + steadyMs);
  }
  const calls = await load.stop();
  await until('nothing DELETING', 30_000, async () => (await findOrphans(bookstore)).deleting === 0);
  const { orphans } = await findOrphans(bookstore);
  const lost = await ledger.findLost(bookstore);
  return judge(service, kills, calls, servingAgain, orphans, lost, ledger.size);
}

function judge(
  service: ServiceName,
  kills: number,
  calls: readonly TimedCall[],
  servingAgain: readonly number[],
  orphans: number,
  lost: readonly string[],
  acknowledged: number,
): Finding[] {
  const failures = calls.filter(({ outcome }) => !served(outcome)).map(({ outcome }) => labelOf(outcome));
  const strange = failures.filter((label) => !ALLOWED.test(label));
  // From three seconds after the service serves again, to the next kill at the earliest.
  const after = servingAgain.map((at) =>
    calls.filter(({ begunAt }) => begunAt >= at + RECOVERY_MS && begunAt < at + RECOVERY_MS + 500),
  );
  const shares = after.map((some) => some.filter(({ outcome }) => served(outcome)).length / Math.max(1, some.length));
  const worst = Math.min(...shares);
  const recovered = servingAgain.map((at) => recoveryTime(calls, at));
  const fault = `SIGKILL of the ${service} under ${PER_SECOND} calls/s, ${kills} times`;
  return [
    {
      fault,
      promise: 'errors are only UNAVAILABLE or ABORTED',
      measured: `${tally(failures)} of ${calls.length} calls`,
      holds: strange.length === 0,
    },
    {
      fault,
      promise: '99 % success within 3 s of serving again',
      timed: true,
      measured: `${(worst * 100).toFixed(1)} % from there on; last failed call ${Math.round(Math.max(...recovered))} ms after`,
      holds: worst >= 0.99,
    },
    {
      fault,
      promise: '0 acknowledged writes lost, 0 orphans',
      measured: `${lost.length} of ${acknowledged} lost, ${orphans} orphans`,
      holds: lost.length + orphans === 0,
    },
  ];
}

/** When the last call that failed before the load was steady again had begun, ms after serving. */
function recoveryTime(calls: readonly TimedCall[], servingAt: number): number {
  const failed = calls.filter(
    ({ begunAt, outcome }) => begunAt >= servingAt && begunAt < servingAt + RECOVERY_MS + 500 && !served(outcome),
  );
  return failed.reduce((last, { begunAt }) => Math.max(last, begunAt - servingAt), 0);
}
