import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { SandboxError } from '../sandbox-error.js';
import { explainNobody, explainTrouble } from './explain.js';
import { type Failure, failureOf } from './failure.js';

/** How long one attempt may take. */
const DEADLINE_MS = 10_000;
/** How long nothing at all may succeed before the caller gives up. */
const TROUBLE_MS = 60_000;
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 3_000;

/** Codes after which the same call may still succeed. A service that is being stopped cuts calls off as CANCELLED. */
const PASSING = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.CANCELLED];

/**
 * Makes calls to one service and repeats those that fail in passing; every call must therefore be safe to repeat, as
 * a create with a request_id is.
 */
export class PatientCaller {
  #lastAnswer = 0;
  #pausedUntil = 0;

  constructor(
    readonly address: string,
    /** Ends the waiting between attempts; an attempt under way is let finish. */
    private readonly signal: AbortSignal,
    private readonly troubleMs: number = TROUBLE_MS,
  ) {}

  /**
   * Returns the answer, or undefined when the signal came first.
   *
   * @throws SandboxError when the service has been in trouble for too long; any lasting failure as it came.
   */
  async call<T>(attempt: (deadline: number) => Promise<T>): Promise<T | undefined> {
    let troubleSince: number | undefined;
    for (let failures = 0; ; failures++) {
      await this.#pause();
      if (this.signal.aborted) return undefined;
      try {
        const answer = await attempt(Date.now() + DEADLINE_MS);
        this.#lastAnswer = Date.now();
        return answer;
      } catch (error) {
        const failure = failureOf(error);
        if (!PASSING.includes(failure.code)) throw error;
        troubleSince ??= Date.now();
        await this.#wait(failure, failures, Math.max(troubleSince, this.#lastAnswer));
      }
    }
  }

  /** Waits as long as the service asks for, else with exponential backoff; both with jitter. */
  async #wait(failure: Failure, failures: number, troubleSince: number): Promise<void> {
    const { retryAfterMs } = failure;
    const delay = retryAfterMs === undefined ? backoff(failures) : retryAfterMs * (1 + Math.random() / 10);
    if (Date.now() + delay - troubleSince > this.troubleMs) throw this.#giveUp(failure);
    if (retryAfterMs === undefined) return sleep(delay, this.signal);
    // A limit is the caller's, not the call's: whatever else is sent before would be refused as well.
    this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + delay);
  }

  async #pause(): Promise<void> {
    while (this.#pausedUntil > Date.now() && !this.signal.aborted) {
      await sleep(this.#pausedUntil - Date.now(), this.signal);
    }
  }

  #giveUp(failure: Failure): SandboxError {
    // Without the bookstore's own reason it is gRPC that found no connection.
    const nobody = failure.code === status.UNAVAILABLE && failure.reason === undefined;
    const seconds = Math.round(this.troubleMs / 1_000);
    return new SandboxError(nobody ? explainNobody(this.address) : explainTrouble(this.address, seconds, failure));
  }
}

function backoff(failures: number): number {
  const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
  return longest * (0.5 + Math.random() / 2);
}

/** Ends early, and without an error, when the signal comes. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
