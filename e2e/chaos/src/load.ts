import type { Outcome } from './client.js';

const TICK_MS = 5;
/**
 * Far more than a service admits. When a call is given up while it is queued, nghttp2 searches the whole queue: with more
 * pending calls than this, the overload would be the client's.
 */
const MAX_PENDING = 1000;

/** Begins calls at a steady rate, however long each takes, while something else is done. Returns all of them. */
export async function underLoad(
  call: () => Promise<Outcome>,
  perSecond: number,
  work: () => Promise<unknown>,
): Promise<readonly Outcome[]> {
  const calls: Array<Promise<Outcome>> = [];
  let pending = 0;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    while (calls.length < due && pending < MAX_PENDING) {
      pending++;
      calls.push(call().finally(() => pending--));
    }
  }, TICK_MS);
  await work().finally(() => clearInterval(timer));
  return Promise.all(calls);
}
