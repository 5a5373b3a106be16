import { ROOT_CONTEXT, SamplingDecision, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { fewEachSecond } from '../src/telemetry/sampler.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const kept = (context = ROOT_CONTEXT, sampler = fewEachSecond(50)) =>
  sampler.shouldSample(context, TRACE_ID, 'GetAuthor', SpanKind.SERVER, {}, []).decision ===
  SamplingDecision.RECORD_AND_SAMPLED;
const calledWith = (traceFlags: TraceFlags) =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE_ID, spanId: 'b7ad6b7169203331', traceFlags, isRemote: true });

test('each of a few traces is kept, and of many no more than so many a second', () => {
  const sampler = fewEachSecond(50);
  const decisions = Array.from({ length: 10_000 }, () => kept(ROOT_CONTEXT, sampler));
  expect(decisions.slice(0, 50)).not.toContain(false);
  // Made within a second, or across the turn of one.
  expect(decisions.filter(Boolean).length).toBeLessThanOrEqual(100);
});

test("a caller's decision is kept to", () => {
  const sampler = fewEachSecond(0);
  expect(kept(calledWith(TraceFlags.SAMPLED), sampler)).toBe(true);
  expect(kept(ROOT_CONTEXT, sampler)).toBe(false);
  expect(kept(calledWith(TraceFlags.NONE))).toBe(false);
});
