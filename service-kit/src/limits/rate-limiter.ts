import { LRUCache } from 'lru-cache';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../errors/domain-error.js';

/** The most callers with a limit of their own; the others share one. The library has no bound. */
const MAX_CALLERS = 50_000;
/** A caller may make this many times its calls per second at once, beyond them. */
const BURST = 2;
/** A burst refills in this time, so that it adds 2.5 % to the rate, s. */
const BURST_REFILL_S = 80;

/** Calls per second of each caller of this process, and a burst beyond them. */
export class RateLimiter {
  readonly #limiter: BurstyRateLimiter;
  readonly #callers: LRUCache<string, true>;
  #purgeAt = 0;

  constructor(perSecond: number, maxCallers = MAX_CALLERS, burstRefillS = BURST_REFILL_S) {
    const limit = (points: number, duration: number) => new RateLimiterMemory({ keyPrefix: '', points, duration });
    this.#limiter = new BurstyRateLimiter(limit(perSecond, 1), limit(BURST * perSecond, burstRefillS));
    this.#callers = new LRUCache({ max: maxCallers, ttl: burstRefillS * 1000 });
  }

  /** @throws DomainError RATE_LIMITED, with the time after which calls pass again */
  async take(caller: string): Promise<void> {
    try {
      await this.#limiter.consume(this.#isKnown(caller) ? caller : '');
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new DomainError('RESOURCE_EXHAUSTED', 'RATE_LIMITED', 'too many calls; try again later', {
        retryAfterMs: Math.max(1, refusal.msBeforeNext),
      });
    }
  }

  /** False for a new caller when there are too many already. */
  #isKnown(caller: string): boolean {
    if (this.#callers.size >= this.#callers.max && !this.#callers.has(caller)) {
      const now = performance.now();
      // Looks at every caller, so at most once a second.
      if (now >= this.#purgeAt) {
        this.#purgeAt = now + 1000;
        this.#callers.purgeStale();
      }
      if (this.#callers.size >= this.#callers.max) return false;
    }
    this.#callers.set(caller, true);
    return true;
  }
}
