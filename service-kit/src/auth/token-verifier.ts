import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { invalidCredentials } from './credentials.js';
import { keysFromFile, keysFromUrl } from './token-keys.js';

const ALGORITHMS = ['EdDSA', 'ES256', 'RS256']; // no symmetric ones
/** A token is accepted for a day after it was issued, s. */
const MAX_TOKEN_AGE_S = 86_400;
const CLOCK_TOLERANCE_S = 5;
/** A verified token is remembered, and keys from a URL are used, for at most this time, ms. */
const KEYS_MAX_AGE_MS = 600_000;
/** The most verified tokens that are remembered, and their characters. */
const CACHE = { max: 10_000, maxSize: 10_000_000, sizeCalculation: (_: Identity, token: string) => token.length };
/** OpenID Connect's limit, without characters that could break a log line. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

type VerifierSettings = Pick<KitSettings, 'JWT_ISSUER' | 'JWT_AUDIENCE' | 'JWT_JWKS_FILE' | 'JWT_JWKS_URL'>;

/**
 * Verifies access tokens (RFC 8725, RFC 9068) and remembers valid ones for a time: a signature costs a hundred times a
 * look-up.
 */
export class TokenVerifier {
  /** Ends the watch of the key file. */
  readonly close: () => void = () => {};
  readonly #findKey: JWTVerifyGetKey;
  #verified = new LRUCache<string, Identity>(CACHE);
  /** Calls that begin with the same new token share its verification. */
  readonly #verifying = new Map<string, Promise<Identity>>();

  /** @throws SettingsError when the key file cannot be used */
  constructor(
    private readonly settings: VerifierSettings,
    logger: Logger,
    private readonly keysMaxAgeMs = KEYS_MAX_AGE_MS,
  ) {
    if (settings.JWT_JWKS_FILE === undefined) {
      this.#findKey = keysFromUrl(settings.JWT_JWKS_URL as string, keysMaxAgeMs);
      return;
    }
    const { find, close } = keysFromFile(settings.JWT_JWKS_FILE, logger, () => {
      // A new cache: a verification that began with the old keys writes into the old one.
      this.#verified = new LRUCache(CACHE);
      this.#verifying.clear();
    });
    this.#findKey = find;
    this.close = close;
  }

  /** The identity of a token that was verified before, or is being verified now. */
  known(token: string): Identity | Promise<Identity> | undefined {
    return this.#verified.get(token) ?? this.#verifying.get(token);
  }

  /** @throws DomainError CREDENTIALS_INVALID, KEYS_UNAVAILABLE */
  verify(token: string): Promise<Identity> {
    const verifying = this.#verify(token).finally(() => {
      if (this.#verifying.get(token) === verifying) this.#verifying.delete(token);
    });
    this.#verifying.set(token, verifying);
    return verifying;
  }

  async #verify(token: string): Promise<Identity> {
    const verified = this.#verified;
    try {
      const { payload } = await jwtVerify(token, this.#findKey, {
        algorithms: ALGORITHMS,
        issuer: this.settings.JWT_ISSUER as string,
        audience: this.settings.JWT_AUDIENCE as string,
        typ: 'at+jwt',
        maxTokenAge: MAX_TOKEN_AGE_S,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      const identity = identityOf(payload);
      const { exp = 0, iat = 0 } = payload;
      const validForMs = (Math.min(exp, iat + MAX_TOKEN_AGE_S) + CLOCK_TOLERANCE_S) * 1000 - Date.now();
      if (validForMs > 0) verified.set(token, identity, { ttl: Math.min(validForMs, this.keysMaxAgeMs) });
      return identity;
    } catch (error) {
      throw error instanceof DomainError ? error : invalidCredentials(error);
    }
  }
}

/** Subject and scopes (RFC 8693, 4.2: one string, separated by spaces). */
function identityOf({ sub = '', scope = '' }: JWTPayload): Identity {
  if (!SUBJECT.test(sub)) throw invalidCredentials(new Error('sub'));
  if (typeof scope !== 'string') throw invalidCredentials(new Error('scope'));
  return { kind: 'user', name: sub, scopes: new Set(scope.split(' ').filter(Boolean)) };
}
