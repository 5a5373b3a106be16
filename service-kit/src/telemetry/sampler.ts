import { SamplingDecision, type SamplingResult } from '@opentelemetry/api';
import { tracing } from '@opentelemetry/sdk-node';

/** Traces that a process begins in a second. */
const TRACES_PER_SECOND = 50;

/**
 * Keeps each trace while there are few, as when somebody tries a call, and no more than so many a second under load,
 * where each costs what it tells. What comes with a trace is kept or not as its caller has decided.
 */
export const fewEachSecond = (perSecond = TRACES_PER_SECOND): tracing.Sampler =>
  new tracing.ParentBasedSampler({ root: new RateSampler(perSecond) });

class RateSampler implements tracing.Sampler {
  #second = 0;
  #kept = 0;

  constructor(private readonly perSecond: number) {}

  shouldSample(): SamplingResult {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#kept = 0;
    }
    return {
      decision: ++this.#kept <= this.perSecond ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    };
  }

  toString(): string {
    return `at most ${this.perSecond} traces a second`;
  }
}
