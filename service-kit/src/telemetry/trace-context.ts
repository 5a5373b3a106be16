import { type Context, createContextKey, type Link, type Span, trace } from '@opentelemetry/api';
import type { Trace } from './telemetry.js';
import { UnkeptTrace } from './unkept-calls.js';

/** The kit carries OpenTelemetry's contexts about without knowing them, or what one can be made of. */
export const contextOf = (one: Trace): Context => (one instanceof UnkeptTrace ? one.context : (one as Context));

/** The span that a trace's work belongs to, if it is recorded. */
export function recordedSpanOf(one: Trace): Span | undefined {
  const span = one instanceof UnkeptTrace ? undefined : trace.getSpan(one as Context);
  return span?.isRecording() ? span : undefined;
}

/** In a context: spans that its work is for, besides the one that it is part of. */
export const LINKS = createContextKey('links of the next statement');

export const linksIn = (context: Context): Link[] => (context.getValue(LINKS) as Link[] | undefined) ?? [];
