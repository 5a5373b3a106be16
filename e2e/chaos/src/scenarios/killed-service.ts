import { setTimeout as sleep } from 'node:timers/promises';
import type { Bookstore } from '../bookstore/bookstore.js';
import { onContainers } from '../bookstore/compose-bookstore.js';
import { onProcesses } from '../bookstore/embedded-bookstore.js';
import { connect, labelOf, tally } from '../client.js';
import { underLoad } from '../load.js';
import { isServed, isTooSlow, MixedCalls } from '../mixed-calls.js';
import type { Run, Scenario } from '../scenario.js';

/** After the service serves again. */
const RECOVERY_MS = 3000;
/** In which no call fails after the recovery. */
const COUNTED_MS = 500;
const ALLOWED = /^UNAVAILABLE\b/;

/** SIGKILL of either service under load, and a new start. */
export const killedService: Scenario = {
  name: 'killed-service',
  embedded: onProcesses({}, killBoth),
  compose: onContainers([], killBoth),
};

async function killBoth(run: Run, bookstore: Bookstore): Promise<void> {
  using client = connect(bookstore.addresses);
  const mixed = new MixedCalls();
  const perSecond = run.amount(50, 200);
  const servingAt: number[] = [];
  const killInTurn = async () => {
    for (let kills = run.amount(2, 8); kills > 0; kills--) {
      const service = bookstore.service(kills % 2 ? 'author-service' : 'book-service');
      await sleep(run.amount(500, 3000));
      await service.kill();
      await service.start();
      servingAt.push(performance.now());
      await sleep(RECOVERY_MS + COUNTED_MS);
    }
  };
  const calls = await underLoad(() => mixed.next(client), perSecond, killInTurn);
  const failed = calls.filter((call) => !isServed(call));
  const others = failed.filter((call) => !ALLOWED.test(labelOf(call)));
  const failedAfterMs = servingAt.flatMap((at) =>
    failed.map(({ begunAt }) => begunAt - at).filter((ms) => ms < RECOVERY_MS + COUNTED_MS),
  );
  run.say(`${calls.length} calls at ${perSecond} calls/s; failed: ${tally(failed.map(labelOf))}`);
  run.promise(
    'calls fail only with UNAVAILABLE',
    others.every(isTooSlow),
    `${failed.length} of ${calls.length} calls failed in ${servingAt.length} kills`,
  );
  run.timedPromise('none of them is too slow', others.length === 0, '');
  run.within(RECOVERY_MS, 'calls served again', Math.max(0, ...failedAfterMs));
  await mixed.check(run, bookstore);
}
