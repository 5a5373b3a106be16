import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { CallError } from '../errors/call-error.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { RecentNames } from './recent-names.js';

/** Shared by all callers who come when enough others are told apart. */
const NEWCOMERS = 'newcomers';
const RATE_PERIOD_S = 1;
/**
 * A burst is regained so slowly that it adds no more than a fortieth to the rate, and no faster than in a minute. That
 * follows from the rate and the burst, which are settings.
 */
const BURST_SHARE = 40;
const LEAST_BURST_PERIOD_S = 60;
const LONGEST_BURST_PERIOD_S = 86_400;

/**
 * Calls a second for each caller, in this process alone, and a burst beyond it. The library keeps each name that it has
 * met for a period, however many come: here no more than a limit of names ever reach it.
 */
export class RateLimit {
  readonly #limiter: Pick<RateLimiterMemory, 'consume'>;
  readonly #names: RecentNames;

  constructor(settings: Pick<KitSettings, 'RATE_LIMIT_PER_SECOND' | 'RATE_LIMIT_BURST' | 'RATE_LIMIT_MAX_IDENTITIES'>) {
    const rate = settings.RATE_LIMIT_PER_SECOND;
    const burst = settings.RATE_LIMIT_BURST;
    const period = burst === 0 ? RATE_PERIOD_S : burstPeriod(rate, burst);
    const steady = new RateLimiterMemory({ keyPrefix: '', points: rate, duration: RATE_PERIOD_S });
    this.#limiter =
      burst === 0
        ? steady
        : new BurstyRateLimiter(steady, new RateLimiterMemory({ keyPrefix: '', points: burst, duration: period }));
    this.#names = new RecentNames(settings.RATE_LIMIT_MAX_IDENTITIES, period * 1000);
  }

  /** @throws CallError RATE_LIMITED, with the time after which calls pass again */
  take(name: string): Promise<void> {
    return this.#limiter.consume(this.#names.admit(name) ? name : NEWCOMERS).then(admit, refuse);
  }
}

const admit = (): void => {};

function refuse(refusal: unknown): never {
  if (!(refusal instanceof RateLimiterRes)) throw refusal;
  const retryAfterMs = Math.max(1, refusal.msBeforeNext);
  throw new CallError('RATE_LIMITED', 'too many calls; try again later', { retryAfterMs });
}

const burstPeriod = (rate: number, burst: number): number =>
  Math.min(LONGEST_BURST_PERIOD_S, Math.max(LEAST_BURST_PERIOD_S, Math.ceil((BURST_SHARE * burst) / rate)));
