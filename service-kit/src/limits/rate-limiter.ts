import { LRUCache } from 'lru-cache';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../errors/domain-error.js';

/** The most callers with a limit of their own; the others share one. The library has no bound. */
const MAX_CALLERS = 50_000;
/** A burst refills in this many times the time that the rate alone would take, so that it adds 2.5 % to the rate. */
const BURST_REFILL_FACTOR = 40;
const MIN_BURST_PERIOD_S = 60;

/** Calls per second of each caller of this process, and a burst beyond them. */
export class RateLimiter {
  readonly #limiter: Pick<RateLimiterMemory, 'consume'>;
  readonly #callers: LRUCache<string, true>;
  #purgeAt = 0;

  /** @param burst calls beyond the rate that a caller may make at once; 0 for none */
  constructor(perSecond: number, burst: number, maxCallers = MAX_CALLERS) {
    const steady = new RateLimiterMemory({ keyPrefix: '', points: perSecond, duration: 1 });
    const period = Math.max(MIN_BURST_PERIOD_S, Math.ceil((BURST_REFILL_FACTOR * burst) / perSecond));
    this.#limiter =
      burst === 0
        ? steady
        : new BurstyRateLimiter(steady, new RateLimiterMemory({ keyPrefix: '', points: burst, duration: period }));
    this.#callers = new LRUCache({ max: maxCallers, ttl: (burst === 0 ? 1 : period) * 1000, noUpdateTTL: false });
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
