import { executionAsyncResource } from 'node:async_hooks';

const kept = new Set<object>();

/**
 * Keeps one of the objects that process.nextTick makes. V8 drops the shape of such objects when it collects while there is
 * none, as it does now and then in a service that nobody calls; and having lost it about ten times, it makes them by a
 * general way for as long as the process lives: 0.45 instead of 0.19 µs each, 8 % of a read's CPU.
 */
export function keepShapeOfTicks(): void {
  process.nextTick(() => kept.add(executionAsyncResource()));
}
