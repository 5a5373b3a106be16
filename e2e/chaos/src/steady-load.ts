import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './client.js';

const TICK_MS = 5;
/**
 * Far more than a service admits. When a call is given up while it is queued, nghttp2 searches the whole queue: with more
 * pending calls than this, the overload would be the client's.
 */
const MAX_PENDING = 1000;

/** Begins calls at a steady rate, however long each takes, until it is stopped. */
export class SteadyLoad implements AsyncDisposable {
  readonly #calls: Array<Promise<Outcome>> = [];
  readonly #ended: Promise<void>;
  #pending = 0;
  #isStopped = false;

  constructor(
    private readonly call: () => Promise<Outcome>,
    private readonly perSecond: number,
  ) {
    this.#ended = this.#run();
  }

  /** Begins no further call, waits for those in flight, and returns all of them. */
  async stop(): Promise<readonly Outcome[]> {
    this.#isStopped = true;
    await this.#ended;
    return Promise.all(this.#calls);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    for (; !this.#isStopped; await sleep(TICK_MS)) {
      const due = ((performance.now() - startedAt) / 1000) * this.perSecond;
      while (this.#calls.length < due && this.#pending < MAX_PENDING) {
        this.#pending++;
        this.#calls.push(this.call().finally(() => this.#pending--));
      }
    }
  }
}
