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
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= end) throw new SandboxError(`${what}: not within ${limitMs} ms`);
    await sleep(5);
  }
}
