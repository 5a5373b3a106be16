import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CertificateAuthority } from '@bookstore/dev-credentials/certificate-authority';
import { TestIssuer } from '@bookstore/sandbox/testing';
import { startService } from '@bookstore/service-kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countingDefinition } from './secured-service.js';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-closed-'));
const file = (name: string) => path.join(folder, name);

beforeAll(async () => {
  const issuer = await TestIssuer.create();
  writeFileSync(file('jwks.json'), JSON.stringify({ keys: [issuer.publicJwk] }));
  writeFileSync(file('secret-jwks.json'), JSON.stringify({ keys: [{ ...issuer.publicJwk, d: 'secret' }] }));
  writeFileSync(file('no-jwks.json'), '{"keys": 1}');
  const authority = await CertificateAuthority.create(1);
  const [one, other] = await Promise.all([
    authority.issue({ dnsNames: ['one'], usages: ['server'] }),
    authority.issue({ dnsNames: ['other'], usages: ['server'] }),
  ]);
  writeFileSync(file('one.crt'), one.certificate);
  writeFileSync(file('one.key'), one.privateKey);
  writeFileSync(file('other.key'), other.privateKey);
});
afterAll(() => rmSync(folder, { recursive: true }));

const base = {
  PUBLIC_PORT: '0',
  INTERNAL_PORT: '0',
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  LOG_LEVEL: 'error',
};
const jwt = { ...base, AUTH: 'jwt', JWT_ISSUER: 'me', JWT_AUDIENCE: 'you', LISTEN_HOST: '127.0.0.1' };

test.each<[string, () => Record<string, string>, string]>([
  ['nobody says who may call', () => base, 'AUTH is not set'],
  ['AUTH is unknown', () => ({ ...base, AUTH: 'none' }), 'AUTH must be one of off, jwt'],
  [
    'anybody may call from beyond this machine',
    () => ({ ...base, AUTH: 'off' }),
    'AUTH=off needs a LISTEN_HOST on loopback',
  ],
  [
    'anybody may call from beyond this machine by IPv6',
    () => ({ ...base, AUTH: 'off', LISTEN_HOST: '::' }),
    'AUTH=off needs a LISTEN_HOST on loopback',
  ],
  ['tokens have no keys', () => jwt, 'either JWT_JWKS_FILE or JWT_JWKS_URL'],
  [
    'tokens have keys from two places',
    () => ({ ...jwt, JWT_JWKS_FILE: file('jwks.json'), JWT_JWKS_URL: 'https://keys.test' }),
    'either JWT_JWKS_FILE or JWT_JWKS_URL',
  ],
  ['keys come in clear', () => ({ ...jwt, JWT_JWKS_URL: 'http://keys.test/jwks' }), 'https'],
  ['keys are not there', () => ({ ...jwt, JWT_JWKS_FILE: file('none.json') }), 'JWT_JWKS_FILE cannot be used (ENOENT)'],
  ['keys are no keys', () => ({ ...jwt, JWT_JWKS_FILE: file('no-jwks.json') }), 'no JSON Web Key Set'],
  ['keys are secret ones', () => ({ ...jwt, JWT_JWKS_FILE: file('secret-jwks.json') }), 'it holds secret keys'],
  [
    'tokens would come in clear',
    () => ({ ...jwt, JWT_JWKS_FILE: file('jwks.json'), LISTEN_HOST: '0.0.0.0' }),
    'AUTH=jwt beyond loopback needs TLS_CERT_FILE; AUTH=jwt beyond loopback needs INTERNAL_TLS_CERT_FILE',
  ],
  [
    'the password is the development one',
    () => ({ ...jwt, JWT_JWKS_FILE: file('jwks.json'), DATABASE_PASSWORD: 'development-only-author-service' }),
    'refuses the development password',
  ],
  [
    'a certificate has no key',
    () => ({ ...base, AUTH: 'off', LISTEN_HOST: '127.0.0.1', TLS_CERT_FILE: file('one.crt') }),
    'TLS_KEY_FILE',
  ],
  [
    "a certificate has another one's key",
    () => ({
      ...base,
      AUTH: 'off',
      LISTEN_HOST: '127.0.0.1',
      TLS_CERT_FILE: file('one.crt'),
      TLS_KEY_FILE: file('other.key'),
    }),
    'cannot be used',
  ],
])('does not start when %s, and says what to set', async (_, env, problem) => {
  const start = startService(countingDefinition([]), env());
  await expect(start).rejects.toThrow(problem);
  await expect(start).rejects.toMatchObject({ name: 'SettingsError' });
  await expect(start).rejects.not.toThrow('development-only');
});
