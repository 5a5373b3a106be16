import { hash } from 'node:crypto';
import { type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { invalidCredentials } from './credentials.js';
import type { TokenKeys } from './token-keys.js';

/** Asymmetric ones alone. */
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'];
/** The type in the token's header, RFC 9068. */
const TYPE = 'at+jwt';
/** The longest time that a token is accepted after it was issued, s. */
const MAX_AGE_S = 86_400;
/** The largest difference to the issuer's clock, s. */
const CLOCK_TOLERANCE_S = 5;
/** The most verified tokens that are remembered. */
const CACHE_SIZE = 10_000;
/** OpenID Connect's limit, and no character that could disturb a log. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/**
 * Verifies access tokens, and remembers valid ones until they expire: a signature costs a hundred times a look-up. Tokens
 * are remembered by their hash, so that a memory dump has none.
 *
 * @see RFC 8725, RFC 9068
 */
export class TokenVerifier {
  #verified = new LRUCache<string, Identity>({ max: CACHE_SIZE });
  readonly #pending = new Map<string, Promise<Identity>>();

  constructor(
    private readonly settings: Pick<KitSettings, 'JWT_ISSUER' | 'JWT_AUDIENCE'>,
    private readonly keys: TokenKeys,
  ) {
    // A new cache, so that a verification that began with the old keys is remembered nowhere.
    keys.onChange = () => {
      this.#verified = new LRUCache({ max: CACHE_SIZE });
      this.#pending.clear();
    };
  }

  /** The key that a token is remembered by. */
  keyOf(token: string): string {
    return hash('sha256', token, 'base64');
  }

  /** The identity of a token that is known to be valid, or of one that is just being verified. */
  known(key: string): Identity | Promise<Identity> | undefined {
    return this.#verified.get(key) ?? this.#pending.get(key);
  }

  /** @throws DomainError CREDENTIALS_INVALID, KEYS_UNAVAILABLE */
  verify(token: string, key: string): Promise<Identity> {
    const cache = this.#verified;
    const verifying = this.#verify(token)
      .then(({ identity, validForMs }) => {
        if (validForMs > 0) cache.set(key, identity, { ttl: validForMs });
        return identity;
      })
      .finally(() => {
        if (this.#pending.get(key) === verifying) this.#pending.delete(key);
      });
    this.#pending.set(key, verifying);
    return verifying;
  }

  async #verify(token: string): Promise<{ identity: Identity; validForMs: number }> {
    try {
      const { payload } = await jwtVerify(token, this.keys.find, {
        algorithms: ALGORITHMS,
        issuer: this.settings.JWT_ISSUER as string,
        audience: this.settings.JWT_AUDIENCE as string,
        typ: TYPE,
        maxTokenAge: MAX_AGE_S,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      const { exp = 0, iat = 0 } = payload;
      const validForMs = (Math.min(exp, iat + MAX_AGE_S) + CLOCK_TOLERANCE_S) * 1000 - Date.now();
      return { identity: identityOf(payload), validForMs: Math.min(validForMs, this.keys.trustMs) };
    } catch (error) {
      throw error instanceof DomainError ? error : invalidCredentials(error);
    }
  }
}

/** Subject and scopes (RFC 8693, 4.2: one string, separated by spaces). */
function identityOf({ sub, scope }: JWTPayload): Identity {
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw invalidCredentials(new Error('sub'));
  if (scope !== undefined && typeof scope !== 'string') throw invalidCredentials(new Error('scope'));
  return { kind: 'user', name: sub, scopes: new Set(scope?.split(' ').filter(Boolean)) };
}
