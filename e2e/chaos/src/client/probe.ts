import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './outcome.js';

/** Between two tries, ms. */
const EVERY_MS = 20;

/**
 * Makes a call again and again, until it is answered OK.
 *
 * @returns how long that took, ms
 * @throws Error when it took longer than the limit
 */
export async function untilOk(limitMs: number, call: () => Promise<Outcome<unknown>>): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const outcome = await call();
    const ms = performance.now() - startedAt;
    if (outcome.ok) return ms;
    if (ms > limitMs) throw new Error(`no call succeeded within ${limitMs} ms: ${outcome.code} ${outcome.reason}`);
    await sleep(EVERY_MS);
  }
}

/** Makes calls one after the other until it is stopped; each with its outcome. */
export async function repeatWhile<T>(
  going: () => boolean,
  call: () => Promise<Outcome<T>>,
  everyMs = EVERY_MS,
): Promise<Outcome<T>[]> {
  const outcomes: Outcome<T>[] = [];
  while (going()) {
    outcomes.push(await call());
    await sleep(everyMs);
  }
  return outcomes;
}
