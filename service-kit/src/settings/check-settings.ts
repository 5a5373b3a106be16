import type { z } from 'zod';
import type { KitSettings } from './kit-settings.js';

/** In the passwords of sandbox/dev-secrets, which everybody knows. */
const DEVELOPMENT_SECRET = 'development-only-';
const GROUPS = [
  ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
  ['INTERNAL_TLS_CERT_FILE', 'INTERNAL_TLS_KEY_FILE', 'INTERNAL_TLS_CA_FILE'],
] as const;

const isLoopback = (host: string) => /^(localhost|\[?::1\]?|127(\.\d{1,3}){3})$/.test(host);

/** Checks settings that depend on each other: a service does not start half secured. */
export function checkSettings(settings: KitSettings, { addIssue }: z.RefinementCtx): void {
  const expect = (condition: boolean, problem: string) => {
    if (!condition) addIssue(problem);
  };
  const { AUTH, LISTEN_HOST, JWT_JWKS_FILE, JWT_JWKS_URL } = settings;
  const isOpen = !isLoopback(LISTEN_HOST);

  for (const names of GROUPS) {
    const missing = names.filter((name) => settings[name] === undefined);
    const isWhole = missing.length === 0 || missing.length === names.length;
    expect(isWhole, `${missing.join(' and ')} must be set too: ${names.join(', ')} belong together`);
  }
  if (AUTH === 'off') {
    expect(
      !isOpen || settings.AUTH_OFF_BEYOND_LOOPBACK === 'yes',
      'AUTH=off needs a LISTEN_HOST on loopback, or AUTH_OFF_BEYOND_LOOPBACK=yes where something else limits access',
    );
    return;
  }
  expect(settings.JWT_ISSUER !== undefined, 'AUTH=jwt needs JWT_ISSUER');
  expect(settings.JWT_AUDIENCE !== undefined, 'AUTH=jwt needs JWT_AUDIENCE');
  expect(!JWT_JWKS_FILE !== !JWT_JWKS_URL, 'AUTH=jwt needs either JWT_JWKS_FILE or JWT_JWKS_URL');
  expect(
    JWT_JWKS_URL === undefined || isSafeUrl(JWT_JWKS_URL),
    'JWT_JWKS_URL must be a URL with https, or with http on loopback, and without a password',
  );
  for (const name of ['TLS_CERT_FILE', 'INTERNAL_TLS_CERT_FILE'] as const) {
    expect(!isOpen || settings[name] !== undefined, `AUTH=jwt beyond loopback needs ${name}`);
  }
  expect(
    !`${settings.DATABASE_PASSWORD} ${settings.DATABASE_URL}`.includes(DEVELOPMENT_SECRET),
    'AUTH=jwt refuses the development password of the database: set another one',
  );
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  // fetch would refuse it, with an error that repeats them.
  if (username || password) return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
