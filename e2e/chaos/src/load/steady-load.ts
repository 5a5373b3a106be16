import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import type { MixedCall, MixedCalls } from './mixed-calls.js';

export interface TimedCall extends MixedCall {
  /** On the clock of `performance.now()`. */
  readonly begunAt: number;
}

/** The most calls under way at once: a service that does not answer must not pile up work here. */
const MOST_UNDER_WAY = 400;
const TICK_MS = 10;

/** Begins calls at a steady rate, however long each takes, until it is stopped. */
export class SteadyLoad implements AsyncDisposable {
  readonly calls: TimedCall[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(
    private readonly source: MixedCalls,
    private readonly perSecond: number,
    private readonly random: Random,
  ) {
    this.#ended = this.#run();
  }

  /** Begins no further call, waits for those under way, and returns all of them. */
  async stop(): Promise<readonly TimedCall[]> {
    this.#stopped = true;
    await this.#ended;
    await Promise.all(this.#underWay);
    return this.calls;
  }

  /** A row that fails half-way leaves no calls behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    let begun = 0;
    while (!this.#stopped) {
      const due = ((performance.now() - startedAt) / 1000) * this.perSecond;
      for (; begun < due; begun++) if (this.#underWay.size < MOST_UNDER_WAY) this.#begin();
      await sleep(TICK_MS);
    }
  }

  #begin(): void {
    const begunAt = performance.now();
    const call = this.source
      .next(this.random)
      .then((made) => void this.calls.push({ ...made, begunAt }))
      .finally(() => this.#underWay.delete(call));
    this.#underWay.add(call);
  }
}
