import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { DomainError } from '../errors/domain-error.js';
import type { Logger } from '../log/logger.js';
import { SettingsError } from '../settings/setting.js';
import { watchFiles } from './watch-files.js';

/** How long fetched keys are used before they are fetched again, ms. */
const MAX_AGE_MS = 600_000;
/** The least time between two fetches because of an unknown key id, ms. */
const COOLDOWN_MS = 30_000;
const FETCH_TIMEOUT_MS = 3000;

/** The public keys that tokens are verified with. */
export interface TokenKeys {
  readonly find: JWTVerifyGetKey;
  /** How long a verified token may be relied on without its key, ms. */
  readonly trustMs: number;
  /** Called when keys have changed: tokens that the old ones verified count no longer. */
  onChange: () => void;
  close(): void;
}

/**
 * Keys from a file, which is read again when it changes. While it cannot be used, the old keys stay.
 *
 * @throws SettingsError when the file cannot be used at the start
 */
export function keysFromFile(file: string, logger: Logger): TokenKeys {
  let current: JWTVerifyGetKey;
  try {
    current = readKeySet(file);
  } catch (error) {
    throw new SettingsError([`JWT_JWKS_FILE cannot be used (${(error as Error).message})`]);
  }
  const close = watchFiles([file], () => {
    try {
      current = readKeySet(file);
      keys.onChange();
      logger.info('the keys for tokens have been read again');
    } catch (error) {
      logger.warn({ problem: (error as Error).message }, 'the new keys for tokens cannot be used; the old ones stay');
    }
  });
  const keys: TokenKeys = {
    find: (header, token) => current(header, token),
    trustMs: Number.POSITIVE_INFINITY,
    onChange: () => {},
    close,
  };
  return keys;
}

/** Keys from a URL. While it does not answer, tokens that are not known yet cannot be verified. */
export function keysFromUrl(url: string, maxAgeMs = MAX_AGE_MS): TokenKeys {
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: maxAgeMs,
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
  });
  return {
    find: async (header, token) => {
      try {
        return await remote(header, token);
      } catch (cause) {
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
        const message = 'tokens cannot be verified just now; try again';
        throw new DomainError('UNAVAILABLE', 'KEYS_UNAVAILABLE', message, { cause });
      }
    },
    trustMs: maxAgeMs,
    onChange: () => {},
    close: () => {},
  };
}

function readKeySet(file: string): JWTVerifyGetKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error((error as NodeJS.ErrnoException).code);
  }
  let set: JSONWebKeySet;
  let keys: JWTVerifyGetKey;
  try {
    set = JSON.parse(text);
    keys = createLocalJWKSet(set);
  } catch {
    throw new Error('it is no JSON Web Key Set');
  }
  if (set.keys.some((key) => 'd' in key || 'k' in key)) throw new Error('it holds secret keys');
  return keys;
}
