import { isIPv6 } from 'node:net';
import type { Call, Identity } from '../call/call.js';
import { RateLimiter } from '../limits/rate-limiter.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { bearerToken } from './credentials.js';
import type { TokenVerifier } from './token-verifier.js';

/** The callers of the public port: each is identified by its token where AUTH=jwt, and limited to a rate. */
export class PublicCallers {
  /** Two limits of the same size, so that callers without a valid token use up nothing of those with one. */
  readonly #byIdentity: RateLimiter | undefined;
  readonly #byAddress: RateLimiter | undefined;

  /** @param verifier undefined where AUTH=off */
  constructor(
    { RATE_LIMIT_PER_SECOND: rate }: KitSettings,
    private readonly verifier: TokenVerifier | undefined,
  ) {
    if (rate === 0) return;
    this.#byIdentity = new RateLimiter(rate);
    this.#byAddress = new RateLimiter(rate);
  }

  /**
   * Sets the identity of a call. Health checks have none.
   *
   * @throws DomainError CREDENTIALS_MISSING, CREDENTIALS_INVALID, RATE_LIMITED, KEYS_UNAVAILABLE
   */
  async identify(call: Call): Promise<void> {
    if (call.isHealth) return;
    if (!this.verifier) {
      await this.#byAddress?.take(networkOf(call.address));
      return;
    }
    call.identity = await this.#verify(call, this.verifier);
    await this.#byIdentity?.take(call.identity.name);
  }

  async #verify(call: Call, verifier: TokenVerifier): Promise<Identity> {
    let token: string;
    try {
      token = bearerToken(call.metadata);
    } catch (error) {
      await this.#byAddress?.take(`${networkOf(call.address)} without a token`);
      throw error;
    }
    const known = verifier.known(token);
    if (known) return known;
    await this.#byAddress?.take(networkOf(call.address));
    return verifier.verify(token);
  }
}

/** The address that is limited: of an IPv6 address its network of 64 bits, which one caller has as a whole. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - head.length - tail.length).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}
