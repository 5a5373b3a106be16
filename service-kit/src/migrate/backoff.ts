import { setTimeout as pause } from 'node:timers/promises';

/** How long to pause after so many tries: doubling up to the longest, less up to a half so that replicas fall out of step. */
export function backoffMs(tries: number, firstMs = 100, longestMs = 2000): number {
  const full = Math.min(firstMs * 2 ** tries, longestMs);
  return Math.round(full * (1 - Math.random() / 2));
}

/** Tries again, a few times, what fails with an error that only means that somebody else did the same at that moment. */
export async function retryRaces<T>(action: () => Promise<T>, isRace: (error: unknown) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await action();
    } catch (error) {
      if (tries === 9 || !isRace(error)) throw error;
      await pause(backoffMs(tries, 10, 200));
    }
  }
}
