import { isSpanContextValid, TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { TraceRate, UnkeptTrace } from '../src/telemetry/unkept-calls.js';

test('each of a few traces is kept, and of many no more than so many a second', () => {
  const rate = new TraceRate(50);
  const decisions = Array.from({ length: 10_000 }, () => rate.keepsOneMore());
  expect(decisions.slice(0, 50)).not.toContain(false);
  // Made within a second, or across the turn of one.
  expect(decisions.filter(Boolean).length).toBeLessThanOrEqual(100);
});

test('a call whose trace is not kept has ids all the same, which stay', () => {
  const context = new UnkeptTrace();
  expect(isSpanContextValid(context)).toBe(true);
  expect(context.traceFlags).toBe(TraceFlags.NONE);
  expect([context.traceId, context.spanId]).toEqual([context.traceId, context.spanId]);
  expect(new UnkeptTrace().traceId).not.toBe(context.traceId);
});
