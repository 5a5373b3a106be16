import { hash } from 'node:crypto';
import { type JWTPayload, jwtVerify } from 'jose';
import type { Identity } from '../call/call.js';
import { CallError } from '../errors/call-error.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { invalidCredentials } from './bearer-token.js';
import type { TokenKeys } from './token-keys.js';

interface Verified {
  readonly identity: Identity;
  /** Ms since the epoch. */
  readonly until: number;
}

/** OpenID Connect's limit, and no character that could disturb a log. */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/**
 * Verifies access tokens and remembers those that are good until they expire: a signature costs a hundred times what a
 * look into memory does. Tokens are remembered by their hash, so that a memory dump holds none.
 *
 * @see RFC 8725, RFC 9068
 */
export class TokenVerifier {
  readonly #verified = new Map<string, Verified>();
  readonly #pending = new Map<string, Promise<Identity>>();
  /**
   * The latest credentials of this turn of the event loop, whose calls often have the same: their hash costs a read by id as
   * much as all the other gates together.
   */
  #latest: { readonly authorization: string; readonly digest: string } | undefined;
  /** Counts the changes of keys: a verification that began before one must not be remembered after it. */
  #epoch = 0;

  constructor(
    private readonly settings: KitSettings,
    private readonly keys: TokenKeys,
  ) {
    keys.onChange = () => {
      this.#epoch++;
      this.#verified.clear();
      this.#pending.clear();
    };
  }

  /** What a token is remembered by, of the credentials that it came in: only a new one is taken out of them. */
  digest(authorization: string): string {
    if (this.#latest?.authorization === authorization) return this.#latest.digest;
    if (!this.#latest) setImmediate(() => (this.#latest = undefined));
    this.#latest = { authorization, digest: hash('sha256', authorization, 'base64') };
    return this.#latest.digest;
  }

  /** The identity of a token that is known to be good. */
  known(digest: string): Identity | undefined {
    const verified = this.#verified.get(digest);
    if (verified === undefined || verified.until > Date.now()) return verified?.identity;
    this.#verified.delete(digest);
    return undefined;
  }

  /** The verification of this token that another call has begun. */
  pending(digest: string): Promise<Identity> | undefined {
    return this.#pending.get(digest);
  }

  /** @throws CallError CREDENTIALS_INVALID, KEYS_UNAVAILABLE */
  verify(token: string, digest: string): Promise<Identity> {
    const epoch = this.#epoch;
    const verifying = this.#verify(token)
      .then(({ identity, until }) => {
        if (epoch === this.#epoch) this.#remember(digest, { identity, until });
        return identity;
      })
      .finally(() => {
        if (this.#pending.get(digest) === verifying) this.#pending.delete(digest);
      });
    this.#pending.set(digest, verifying);
    return verifying;
  }

  async #verify(token: string): Promise<Verified> {
    const { JWT_ALGORITHMS, JWT_ISSUER, JWT_AUDIENCE, JWT_TYPE, JWT_MAX_AGE_S, JWT_CLOCK_TOLERANCE_S } = this.settings;
    try {
      const { payload } = await jwtVerify(token, this.keys.find, {
        algorithms: [...JWT_ALGORITHMS],
        issuer: JWT_ISSUER as string,
        audience: JWT_AUDIENCE as string,
        typ: JWT_TYPE,
        maxTokenAge: JWT_MAX_AGE_S,
        clockTolerance: JWT_CLOCK_TOLERANCE_S,
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      return { identity: identityOf(payload), until: this.#until(payload) };
    } catch (error) {
      throw error instanceof CallError ? error : invalidCredentials(error);
    }
  }

  #until({ exp = 0, iat = 0 }: JWTPayload): number {
    const { JWT_MAX_AGE_S, JWT_CLOCK_TOLERANCE_S } = this.settings;
    const ends = Math.min(exp, iat + JWT_MAX_AGE_S) + JWT_CLOCK_TOLERANCE_S;
    return Math.min(ends * 1000, Date.now() + this.keys.trustMs);
  }

  #remember(digest: string, verified: Verified): void {
    if (this.#verified.size >= this.settings.JWT_CACHE_SIZE) {
      const [oldest] = this.#verified.keys();
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(digest, verified);
  }
}

/** Subject and scopes (RFC 8693, 4.2: one string, scopes apart by a space). */
function identityOf({ sub, scope }: JWTPayload): Identity {
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw invalidCredentials(new Error('sub'));
  if (scope !== undefined && typeof scope !== 'string') throw invalidCredentials(new Error('scope'));
  return { kind: 'user', name: sub, scopes: new Set(scope?.split(' ').filter(Boolean)) };
}
