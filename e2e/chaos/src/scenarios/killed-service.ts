import { setTimeout as sleep } from 'node:timers/promises';
import type { Bookstore } from '../bookstore/bookstore.js';
import { sharedCompose } from '../bookstore/compose-bookstore.js';
import { sharedEmbedded } from '../bookstore/embedded-bookstore.js';
import { BookstoreClient, labelOf, tally } from '../client.js';
import { Ledger } from '../ledger.js';
import { isServed, MixedCalls, SteadyLoad } from '../load.js';
import type { Run, Scenario } from '../scenario.js';

const PER_SECOND = 200;
/** After the service serves again. */
const RECOVERY_MS = 3000;
/** In which the calls after the recovery are counted. */
const COUNTED_MS = 500;
const ALLOWED = /^(UNAVAILABLE|ABORTED)\b/;

/** SIGKILL of either service under load, and a new start. */
export const killedService: Scenario = {
  name: 'killed-service',
  embedded: async (run) => killBoth(run, await sharedEmbedded.get()),
  compose: async (run) => killBoth(run, await sharedCompose.get()),
};

async function killBoth(run: Run, bookstore: Bookstore): Promise<void> {
  await kill(run, bookstore, 'book-service');
  await kill(run, bookstore, 'author-service');
}

async function kill(run: Run, bookstore: Bookstore, name: string): Promise<void> {
  using client = new BookstoreClient(bookstore.addresses);
  const ledger = new Ledger();
  await using load = new SteadyLoad(new MixedCalls(client, ledger), PER_SECOND);
  const steadyMs = run.amount(500, 5000);
  await sleep(steadyMs);
  const servingAgainAt: number[] = [];
  for (let kills = run.amount(1, 5); kills > 0; kills--) {
    await bookstore.service(name).kill();
    await bookstore.service(name).start();
    servingAgainAt.push(performance.now());
    await sleep(RECOVERY_MS + Math.max(steadyMs, COUNTED_MS));
  }
  const calls = await load.stop();
  const failures = calls.filter(({ outcome }) => !isServed(outcome)).map(({ outcome }) => labelOf(outcome));
  const shares = servingAgainAt.map((at) => {
    const begun = ({ begunAt }: { begunAt: number }) =>
      begunAt >= at + RECOVERY_MS && begunAt < at + RECOVERY_MS + COUNTED_MS;
    const counted = calls.filter(begun);
    return counted.filter(({ outcome }) => isServed(outcome)).length / Math.max(1, counted.length);
  });
  const worstShare = Math.min(...shares);
  run.say(tally(failures));
  const fault = run.fault(`${servingAgainAt.length} × SIGKILL of the ${name} at ${PER_SECOND} calls/s`);
  fault.promise(
    'calls fail only with UNAVAILABLE or ABORTED',
    failures.every((label) => ALLOWED.test(label)),
    `${failures.length} of ${calls.length} calls failed`,
  );
  fault.timedPromise(
    '99 % of calls succeed 3 s after it serves again',
    worstShare >= 0.99,
    `${(worstShare * 100).toFixed(1)} % succeed after 3 s`,
  );
  await ledger.check(fault, bookstore);
}
