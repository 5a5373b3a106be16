import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from './sandbox-error.js';

/**
 * Asks again and again until there is an answer, and returns it.
 *
 * @throws SandboxError that says what was waited for in vain
 */
export async function until<T>(
  what: string,
  limitMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    const waitedMs = performance.now() - start;
    if (waitedMs >= limitMs) throw new SandboxError(`${what}: not within ${limitMs} ms`);
    // Many who wait start a program to ask, which takes time from what is waited for.
    await sleep(Math.max(5, waitedMs / 50));
  }
}
