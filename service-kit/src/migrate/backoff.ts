import { setTimeout as pause } from 'node:timers/promises';

/** How long to pause after so many tries: doubling up to the longest, less up to a half so that replicas fall out of step. */
export function backoffMs(tries: number, firstMs: number, longestMs: number): number {
  const full = Math.min(firstMs * 2 ** tries, longestMs);
  return Math.round(full * (1 - Math.random() / 2));
}

/** Such a race lasts as long as somebody's statement, milliseconds: nothing that depends on where this runs. */
const RACE = { tries: 10, firstMs: 10, longestMs: 200 };

/** Tries again, a few times, what fails with an error that only means that somebody else did the same at that moment. */
export async function retryRaces<T>(action: () => Promise<T>, isRace: (error: unknown) => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await action();
    } catch (error) {
      if (tries === RACE.tries || !isRace(error)) throw error;
      await pause(backoffMs(tries - 1, RACE.firstMs, RACE.longestMs));
    }
  }
}
