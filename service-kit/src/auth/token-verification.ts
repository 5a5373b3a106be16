import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import type { TokenVerifier } from './token-verifier.js';

/** Tokens are verified as the settings say; `close` ends the watch for new keys. */
export interface TokenVerification {
  readonly verifier: TokenVerifier;
  close(): void;
}

/**
 * None where anybody may call.
 *
 * @throws SettingsError when the keys cannot be read
 */
export async function tokenVerification(settings: KitSettings, logger: Logger): Promise<TokenVerification | undefined> {
  if (settings.AUTH === 'off') return undefined;
  // With them comes jose, which takes 40 ms of a start to load.
  const [{ keysFromFile, keysFromUrl }, { TokenVerifier }] = await Promise.all([
    import('./token-keys.js'),
    import('./token-verifier.js'),
  ]);
  const { JWT_JWKS_FILE, JWT_JWKS_URL, RELOAD_INTERVAL_MS } = settings;
  const keys = JWT_JWKS_FILE
    ? keysFromFile(JWT_JWKS_FILE, RELOAD_INTERVAL_MS, logger)
    : keysFromUrl(JWT_JWKS_URL as string, settings);
  return { verifier: new TokenVerifier(settings, keys), close: () => keys.close() };
}
