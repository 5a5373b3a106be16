import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { CallError } from '../errors/call-error.js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';
import { watchFiles } from './watch-files.js';

/** The public keys that tokens are verified with, as they are now. */
export interface TokenKeys {
  readonly find: JWTVerifyGetKey;
  /** How long a verified token may be relied on without looking at the keys again, ms. */
  readonly trustMs: number;
  /** Called when keys have changed: what was verified with the old ones counts no longer. */
  onChange: () => void;
  close(): void;
}

/**
 * Keys from a file, which is read again when it changes. A file that cannot be used then changes nothing: the keys that
 * were there stay.
 *
 * @throws SettingsError when the file cannot be used at the start
 */
export function keysFromFile(file: string, intervalMs: number, logger: Logger): TokenKeys {
  let current: JWTVerifyGetKey;
  try {
    current = readKeySet(file);
  } catch (error) {
    throw new SettingsError([`JWT_JWKS_FILE cannot be used (${(error as Error).message})`]);
  }
  const reload = () => {
    try {
      current = readKeySet(file);
      keys.onChange();
      logger.info('the keys for tokens have been read again');
    } catch (error) {
      logger.warn({ problem: (error as Error).message }, 'the new keys for tokens cannot be used; the old ones stay');
    }
  };
  const close = watchFiles([file], intervalMs, reload);
  const keys: TokenKeys = {
    find: (header, token) => current(header, token),
    trustMs: Number.POSITIVE_INFINITY,
    onChange: () => {},
    close,
  };
  return keys;
}

/**
 * Keys from a URL. While it does not answer, tokens that are not known yet cannot be verified. An unknown key id asks
 * again at once, but not before the cool-down has passed.
 */
export function keysFromUrl(
  url: string,
  settings: Pick<KitSettings, 'JWT_JWKS_MAX_AGE_S' | 'JWT_JWKS_TIMEOUT_MS' | 'JWT_JWKS_COOLDOWN_MS'>,
): TokenKeys {
  const cacheMaxAge = settings.JWT_JWKS_MAX_AGE_S * 1000;
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge,
    timeoutDuration: settings.JWT_JWKS_TIMEOUT_MS,
    cooldownDuration: settings.JWT_JWKS_COOLDOWN_MS,
  });
  return {
    find: async (header, token) => {
      try {
        return await remote(header, token);
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
        throw new CallError('KEYS_UNAVAILABLE', 'tokens cannot be verified just now; try again', { cause: error });
      }
    },
    trustMs: cacheMaxAge,
    onChange: () => {},
    close: () => {},
  };
}

function readKeySet(file: string): JWTVerifyGetKey {
  const set = parseKeySet(readFile(file));
  if (set.keys.some((key) => 'd' in key || 'k' in key)) throw new Error('it holds secret keys');
  return createLocalJWKSet(set);
}

function parseKeySet(text: string): JSONWebKeySet {
  try {
    const set = JSON.parse(text);
    createLocalJWKSet(set);
    return set;
  } catch {
    throw new Error('it is no JSON Web Key Set');
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error((error as NodeJS.ErrnoException).code);
  }
}
