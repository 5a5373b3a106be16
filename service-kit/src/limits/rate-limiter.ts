import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../errors/domain-error.js';

/** The most callers with a limit of their own; those beyond share one. The library has no bound. */
const MAX_CALLERS = 50_000;
const RATE_PERIOD_S = 1;
/** A burst is regained so slowly that it adds at most a fortieth to the rate, and no faster than in a minute. */
const BURST_SHARE = 40;
const LEAST_BURST_PERIOD_S = 60;
const LONGEST_BURST_PERIOD_S = 86_400;

/** Calls a second for each caller of this process, and a burst beyond them. */
export class RateLimiter {
  readonly #limiter: Pick<RateLimiterMemory, 'consume'>;
  readonly #callers: LRUCache<string, true>;
  #purgeAt = 0;

  /** @param burst calls beyond the rate that a caller may make at once; 0 for none */
  constructor(perSecond: number, burst: number, maxCallers = MAX_CALLERS) {
    const steady = new RateLimiterMemory({ keyPrefix: '', points: perSecond, duration: RATE_PERIOD_S });
    const period = burst === 0 ? RATE_PERIOD_S : burstPeriod(perSecond, burst);
    this.#limiter =
      burst === 0
        ? steady
        : new BurstyRateLimiter(steady, new RateLimiterMemory({ keyPrefix: '', points: burst, duration: period }));
    this.#callers = new LRUCache({ max: maxCallers, ttl: period * 1000, noUpdateTTL: false });
  }

  /** @throws DomainError RATE_LIMITED, with the time after which calls pass again */
  async take(caller: string): Promise<void> {
    try {
      await this.#limiter.consume(this.#knows(caller) ? caller : '');
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new DomainError('RESOURCE_EXHAUSTED', 'RATE_LIMITED', 'too many calls; try again later', {
        retryAfterMs: Math.max(1, refusal.msBeforeNext),
      });
    }
  }

  /** False for a new caller when there are too many already. */
  #knows(caller: string): boolean {
    if (this.#callers.size >= this.#callers.max && !this.#callers.has(caller)) {
      // At most once a second: it looks at all of them.
      const now = performance.now();
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

const burstPeriod = (perSecond: number, burst: number): number =>
  Math.min(LONGEST_BURST_PERIOD_S, Math.max(LEAST_BURST_PERIOD_S, Math.ceil((BURST_SHARE * burst) / perSecond)));

/** The address that a limit counts: of an IPv6 address its network of 64 bits, which one caller has as a whole. */
export function callerNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const start = head === '' ? [] : head.split(':');
  const end = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - start.length - end.length);
  return [...start, ...Array<string>(zeros).fill('0'), ...end].slice(0, 4).join(':');
}
