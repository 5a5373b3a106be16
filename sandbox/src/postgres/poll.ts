import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 10;

/** Asks until `condition` holds; false when `limitMs` passed first. */
export async function poll(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await sleep(EVERY_MS);
  }
  return true;
}
