import type { IncomingCall } from '../call/incoming-call.js';
import { DomainError } from '../errors/domain-error.js';

/** About the time that a place takes to become free, ms. */
const RETRY_AFTER_MS = 100;

/** A limit on calls in flight: the next call is refused at once, since a queue would make all of them late. */
export class CallsInFlight {
  #count = 0;

  constructor(private readonly limit: number) {}

  /** @throws DomainError OVERLOADED */
  begin(call: IncomingCall): void {
    if (this.#count >= this.limit) {
      throw new DomainError('RESOURCE_EXHAUSTED', 'OVERLOADED', 'the server is full; try again', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#count++;
    call.onEnd(() => this.#count--);
  }
}
