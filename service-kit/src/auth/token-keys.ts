import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { DomainError } from '../errors/domain-error.js';
import type { Logger } from '../log/logger.js';
import { SettingsError } from '../settings/kit-settings.js';
import { watchFiles } from './watch-files.js';

/**
 * The public keys of a JWKS file, which is read again when it changes.
 *
 * @param onChange called when the keys have changed
 * @throws SettingsError when the file cannot be used
 */
export function keysFromFile(file: string, logger: Logger, onChange: () => void) {
  let current = readKeys(file);
  const readAgain = () => {
    current = readKeys(file);
    onChange();
  };
  const close = watchFiles([file], readAgain, logger);
  const find: JWTVerifyGetKey = (header, token) => current(header, token);
  return { find, close };
}

/** The public keys at a URL, fetched again after `maxAgeMs` and for an unknown key id. */
export function keysFromUrl(url: string, maxAgeMs: number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), { cacheMaxAge: maxAgeMs, timeoutDuration: 3000 });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      throw new DomainError('UNAVAILABLE', 'KEYS_UNAVAILABLE', 'tokens cannot be verified now; try again', { cause });
    }
  };
}

function readKeys(file: string): JWTVerifyGetKey {
  try {
    const set = JSON.parse(readFileSync(file, 'utf8'));
    const keys = createLocalJWKSet(set);
    if (set.keys.some((key: object) => 'd' in key || 'k' in key)) throw new Error('it contains secret keys');
    return keys;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isKnown = code === 'ENOENT' || code === 'EACCES' || message === 'it contains secret keys';
    const problem = isKnown ? (code ?? message) : 'it is not a JSON Web Key Set';
    throw new SettingsError([`JWT_JWKS_FILE cannot be used (${problem})`]);
  }
}
