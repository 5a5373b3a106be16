import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { RateSampler } from '../src/telemetry/rate-sampler.js';

test('each of a few traces is sampled, and of many no more than so many a second', () => {
  const sampler = new RateSampler(50);
  const sampled = Array.from(
    { length: 10_000 },
    () => sampler.shouldSample().decision === SamplingDecision.RECORD_AND_SAMPLED,
  );
  expect(sampled.slice(0, 50)).not.toContain(false);
  // Made within a second, or across the turn of one.
  expect(sampled.filter(Boolean).length).toBeLessThanOrEqual(100);
});
