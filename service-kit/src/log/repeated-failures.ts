import { runForNoCall } from '../call/call.js';
import type { Logger } from './logger.js';

/** A failure that has not come back for so long has ended, ms: longer than anything here waits between two tries. */
const QUIET_MS = 10_000;
/** The most failures that are counted at a time. */
const MAX_CAUSES = 100;

interface Failing {
  readonly since: number;
  count: number;
  readonly end: NodeJS.Timeout;
}

/**
 * Logs failures that each call or try repeats while something is away: one line when they start, and one with their number
 * when they have ended.
 */
export class RepeatedFailures {
  readonly #failing = new Map<string, Failing>();

  constructor(
    private readonly logger: Logger,
    private readonly quietMs = QUIET_MS,
  ) {}

  /**
   * @param what the message of the line
   * @param cause tells failures of the same message apart: each is counted by itself
   */
  add(what: string, fields: object, cause = ''): void {
    const key = `${what} ${cause}`;
    const failing = this.#failing.get(key);
    if (failing) {
      failing.count++;
      failing.end.refresh();
      return;
    }
    if (this.#failing.size >= MAX_CAUSES) return;
    this.logger.warn(fields, what);
    // Not for the call that fails first: the last line belongs to no call.
    const end = runForNoCall(() => setTimeout(() => this.#end(what, key), this.quietMs)).unref();
    this.#failing.set(key, { since: Date.now(), count: 1, end });
  }

  #end(what: string, key: string): void {
    const { since, count } = this.#failing.get(key) as Failing;
    this.#failing.delete(key);
    const seconds = Math.round((Date.now() - this.quietMs - since) / 1000);
    this.logger.info({ failures: count, seconds }, `no more: ${what}`);
  }
}
