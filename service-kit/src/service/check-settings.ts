import { BlockList, isIP } from 'node:net';
import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';

/** The prefix of the passwords in sandbox/dev-secrets, which everybody knows. */
const DEVELOPMENT_SECRET = 'development-only-';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Checks settings that depend on each other: a service fails closed.
 *
 * @throws SettingsError that names every problem
 */
export function checkSettings(settings: KitSettings, env: NodeJS.ProcessEnv): void {
  const problems = [
    ...certificateProblems(settings),
    ...(settings.AUTH === 'jwt' ? tokenProblems(settings) : openProblems(settings)),
    ...(settings.FAIL_POINT !== undefined && env.NODE_ENV !== 'test'
      ? ['FAIL_POINT is for tests alone: it needs NODE_ENV=test']
      : []),
  ];
  if (problems.length > 0) throw new SettingsError(problems);
}

function openProblems({ LISTEN_HOST, AUTH_OFF_BEYOND_LOOPBACK }: KitSettings): string[] {
  if (isLoopback(LISTEN_HOST) || AUTH_OFF_BEYOND_LOOPBACK === 'yes') return [];
  return [
    'AUTH=off needs a LISTEN_HOST on loopback, or AUTH_OFF_BEYOND_LOOPBACK=yes where something else keeps others out',
  ];
}

function tokenProblems(settings: KitSettings): string[] {
  const { JWT_JWKS_FILE, JWT_JWKS_URL, DATABASE_PASSWORD, DATABASE_URL, LISTEN_HOST } = settings;
  const problems: string[] = [];
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
    if (settings[name] === undefined) problems.push(`AUTH=jwt needs ${name}`);
  }
  if ((JWT_JWKS_FILE === undefined) === (JWT_JWKS_URL === undefined)) {
    problems.push('AUTH=jwt needs either JWT_JWKS_FILE or JWT_JWKS_URL');
  }
  if (JWT_JWKS_URL !== undefined && !mayHoldKeys(JWT_JWKS_URL)) {
    problems.push('JWT_JWKS_URL must be a URL with https, or with http on loopback');
  }
  if ([DATABASE_PASSWORD, DATABASE_URL].some((secret) => secret?.includes(DEVELOPMENT_SECRET))) {
    problems.push('AUTH=jwt refuses the development password of the database: give it one of its own');
  }
  for (const name of ['TLS_CERT_FILE', 'INTERNAL_TLS_CERT_FILE'] as const) {
    if (!isLoopback(LISTEN_HOST) && settings[name] === undefined) {
      problems.push(`AUTH=jwt beyond loopback needs ${name}`);
    }
  }
  return problems;
}

function certificateProblems(settings: KitSettings): string[] {
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
