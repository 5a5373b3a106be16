/**
 * Works on the items, at most `concurrency` at a time, taking the next one when there is room for it, until they end
 * or the signal comes. Work under way is always let finish; then the first failure, if any, is thrown.
 */
export async function inFlight<T>(
  items: Iterable<T>,
  concurrency: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const worker = async () => {
    while (!signal.aborted) {
      const next = iterator.next();
      if (next.done) return;
      await work(next.value);
    }
  };
  for (const end of await Promise.allSettled(Array.from({ length: concurrency }, worker))) {
    if (end.status === 'rejected') throw end.reason;
  }
}
