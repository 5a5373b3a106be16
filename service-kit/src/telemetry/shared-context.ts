import { trace } from '@opentelemetry/api';
import type { Trace } from './telemetry.js';
import { contextOf, LINKS, recordedSpanOf } from './trace-context.js';

/**
 * A statement that several calls share is part of the first one's trace whose trace is kept, and linked to the others: a
 * span has one parent, and one for each call would tell of statements that never were.
 */
export function sharedContext(traces: readonly (Trace | undefined)[]): Trace | undefined {
  const kept = traces.filter((one): one is Trace => one !== undefined && recordedSpanOf(one) !== undefined);
  const [first, ...others] = kept;
  if (!first) return traces.find((one) => one !== undefined);
  const links = others.flatMap((one) => {
    const context = trace.getSpanContext(contextOf(one));
    return context ? { context } : [];
  });
  return contextOf(first).setValue(LINKS, links);
}
