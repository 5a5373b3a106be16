import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';
import { isLoopback } from './check-open-listeners.js';

/** How the passwords in sandbox/dev-secrets begin, which everybody knows. */
const DEVELOPMENT_SECRET = 'development-only-';

/**
 * What several settings have to say together.
 *
 * @throws SettingsError that names every gap
 */
export function checkSecurity(settings: KitSettings): void {
  const problems = [...tlsProblems(settings), ...(settings.AUTH === 'jwt' ? tokenProblems(settings) : [])];
  if (problems.length > 0) throw new SettingsError(problems);
}

function tokenProblems(settings: KitSettings): string[] {
  const problems: string[] = [];
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
    if (settings[name] === undefined) problems.push(`AUTH=jwt needs ${name}`);
  }
  const { JWT_JWKS_FILE, JWT_JWKS_URL } = settings;
  if ((JWT_JWKS_FILE === undefined) === (JWT_JWKS_URL === undefined)) {
    problems.push('AUTH=jwt needs either JWT_JWKS_FILE or JWT_JWKS_URL');
  }
  if (JWT_JWKS_URL !== undefined && !mayHoldKeys(JWT_JWKS_URL)) {
    problems.push('JWT_JWKS_URL must be a URL with https, or with http on loopback');
  }
  if ([settings.DATABASE_PASSWORD, settings.DATABASE_URL].some((secret) => secret?.includes(DEVELOPMENT_SECRET))) {
    problems.push('AUTH=jwt refuses the development password of the database: give it one of its own');
  }
  if (!isLoopback(settings.LISTEN_HOST)) {
    if (settings.TLS_CERT_FILE === undefined) problems.push('AUTH=jwt beyond loopback needs TLS_CERT_FILE');
    if (settings.INTERNAL_TLS_CERT_FILE === undefined) {
      problems.push('AUTH=jwt beyond loopback needs INTERNAL_TLS_CERT_FILE');
    }
  }
  return problems;
}

function tlsProblems(settings: KitSettings): string[] {
  const groups = [
    ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
    ['INTERNAL_TLS_CERT_FILE', 'INTERNAL_TLS_KEY_FILE', 'INTERNAL_TLS_CA_FILE'],
  ] as const;
  return groups.flatMap((names) => {
    const missing = names.filter((name) => settings[name] === undefined);
    if (missing.length === 0 || missing.length === names.length) return [];
    return [`${missing.join(' and ')} must be set, too: ${names.join(', ')} go together`];
  });
}

function mayHoldKeys(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')));
}
