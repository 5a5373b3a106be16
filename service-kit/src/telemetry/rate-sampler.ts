import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace';

/** New traces per second and process: all of them while somebody tries a call, few under load. */
const TRACES_PER_SECOND = 50;

/** Samples the first traces of each second. */
export class RateSampler implements Sampler {
  #second = 0;
  #sampled = 0;

  constructor(private readonly perSecond = TRACES_PER_SECOND) {}

  shouldSample(): SamplingResult {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#sampled = 0;
    }
    const sampled = ++this.#sampled <= this.perSecond;
    return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  }

  toString(): string {
    return `RateSampler{${this.perSecond}/s}`;
  }
}
