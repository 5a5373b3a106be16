import { runForNoCall } from '../call/call.js';
import type { Logger } from './logger.js';

/** A failure has ended when it has not come back for this time, ms. */
const QUIET_MS = 10_000;
/** The most failures that are counted at a time. */
const MAX_FAILURES = 100;

/** Logs a failure that many calls repeat in two lines: one when it starts, and one with the count when it has ended. */
export class RepeatedFailures {
  readonly #failing = new Map<string, { count: number; readonly timer: NodeJS.Timeout }>();

  constructor(
    private readonly logger: Logger,
    private readonly quietMs = QUIET_MS,
  ) {}

  /**
   * @param message the message of the line
   * @param cause failures with the same message and another cause are counted by themselves
   */
  add(message: string, fields: object, cause = ''): void {
    const key = `${message} ${cause}`;
    const failing = this.#failing.get(key);
    if (failing) {
      failing.count++;
      failing.timer.refresh();
      return;
    }
    if (this.#failing.size >= MAX_FAILURES) return;
    this.logger.warn(fields, message);
    const since = Date.now();
    const end = () => {
      const failures = this.#failing.get(key)?.count;
      this.#failing.delete(key);
      const seconds = Math.round((Date.now() - this.quietMs - since) / 1000);
      this.logger.info({ failures, seconds }, `no more: ${message}`);
    };
    // The last line must not have the request id of the first call.
    const timer = runForNoCall(() => setTimeout(end, this.quietMs)).unref();
    this.#failing.set(key, { count: 1, timer });
  }
}
