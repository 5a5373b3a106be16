import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CertificateAuthority } from '@bookstore/dev-credentials/certificate-authority';
import { TestIssuer } from '@bookstore/sandbox/testing';
import { startService } from '@bookstore/service-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CRASHED } from '../src/fail-points/fail-point.js';
import { integer, readSettings, SettingsError, text } from '../src/settings/read-settings.js';
import { controlledDefinition } from './controlled-service.js';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-settings-'));
const file = (name: string) => path.join(folder, name);
function fileWith(content: string): string {
  writeFileSync(file('secret'), content);
  return file('secret');
}
afterAll(() => rmSync(folder, { recursive: true }));

describe('settings', () => {
  const schema = z.object({
    HOST: text,
    LEVEL: z.enum(['debug', 'info']).default('info'),
    TRIES: integer(1, 5).default(3),
    SECRET: text.optional(),
  });
  const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
    try {
      readSettings(schema, env);
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      return (error as SettingsError).message.replace('bad environment: ', '').split('; ');
    }
    return [];
  };

  test('that are missing or empty have their default, and do not change any more', () => {
    const settings = readSettings(schema, { HOST: '::1', LEVEL: '', SECRET: '', SECRET_FILE: '' });
    expect(settings).toEqual({ HOST: '::1', LEVEL: 'info', TRIES: 3 });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(problemsOf({ HOST: '' })).toEqual(['HOST is not set']);
  });

  test('that are bad are all named at once, with what they may be and without their values', () => {
    const problems = problemsOf({ LEVEL: 'hunter2', TRIES: 'hunter2', SECRET_FILE: '/hunter2/none' });
    expect(problems).toEqual([
      'SECRET_FILE cannot be read (ENOENT)',
      'HOST is not set',
      expect.stringMatching(/^LEVEL .*"debug"\|"info"/),
      'TRIES must be a whole number',
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test.each(['-1', '1.5', '0x1', '1e1', ' 1', ' ', '6', '0', '99999999999999999999'])(
    'TRIES=%j is refused',
    (TRIES) => {
      expect(problemsOf({ HOST: 'h', TRIES })).toEqual([expect.stringMatching(/^TRIES /)]);
    },
  );

  test.each([
    ['s3cret', 's3cret'],
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    [' s3cret \n\n', ' s3cret \n'],
  ])('of a file with %j are %j', (content, SECRET) => {
    expect(readSettings(schema, { HOST: 'h', SECRET_FILE: fileWith(content) })).toMatchObject({ SECRET });
  });

  test('of an empty file, or beside the variable itself, are refused', () => {
    expect(problemsOf({ HOST: 'h', SECRET_FILE: fileWith('\n') })).toEqual(['SECRET must not be empty']);
    const both = { HOST: 'h', SECRET: 'a', SECRET_FILE: fileWith('b') };
    expect(problemsOf(both)).toEqual(['SECRET and SECRET_FILE are both set']);
  });
});

describe('a service does not start', () => {
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
    writeFileSync(file('other.key'), other.privateKey);
  });

  const base = {
    LISTEN_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    LOG_LEVEL: 'error',
  };
  const off = { ...base, AUTH: 'off' };
  const jwt = { ...base, AUTH: 'jwt', JWT_ISSUER: 'me', JWT_AUDIENCE: 'you', JWT_JWKS_FILE: file('jwks.json') };
  const notLoopback = 'AUTH=off needs a LISTEN_HOST on loopback';
  const oneKeySource = 'either JWT_JWKS_FILE or JWT_JWKS_URL';
  const database = (url: string) => ({ ...off, DATABASE_URL: url });

  test.each<[string, Record<string, string>, string]>([
    ['without AUTH', base, 'AUTH is not set'],
    ['with an unknown AUTH', { ...base, AUTH: 'none' }, 'AUTH Invalid option: expected one of "off"|"jwt"'],
    ['with AUTH=off on 0.0.0.0', { ...off, LISTEN_HOST: '0.0.0.0' }, notLoopback],
    ['with AUTH=off on ::', { ...off, LISTEN_HOST: '::' }, notLoopback],
    ['with AUTH=off on a host name', { ...off, LISTEN_HOST: '127.example.com' }, notLoopback],
    ['with AUTH=jwt without keys', { ...jwt, JWT_JWKS_FILE: '' }, oneKeySource],
    ['with keys from two places', { ...jwt, JWT_JWKS_URL: 'https://keys.test' }, oneKeySource],
    ['with keys by http', { ...jwt, JWT_JWKS_FILE: '', JWT_JWKS_URL: 'http://keys.test/jwks' }, 'https'],
    ['without its key file', { ...jwt, JWT_JWKS_FILE: file('none') }, 'JWT_JWKS_FILE cannot be used (ENOENT)'],
    ['with a bad key file', { ...jwt, JWT_JWKS_FILE: file('no-jwks.json') }, 'it is not a JSON Web Key Set'],
    ['with secret keys', { ...jwt, JWT_JWKS_FILE: file('secret-jwks.json') }, 'it contains secret keys'],
    ['with tokens but no TLS', { ...jwt, LISTEN_HOST: '0.0.0.0' }, 'AUTH=jwt beyond loopback needs TLS_CERT_FILE'],
    ['with the development password', { ...jwt, DATABASE_PASSWORD: 'development-only-x' }, 'development password'],
    ['with a certificate without its key', { ...off, TLS_CERT_FILE: file('one.crt') }, 'TLS_KEY_FILE'],
    [
      'with the key of another certificate',
      { ...off, TLS_CERT_FILE: file('one.crt'), TLS_KEY_FILE: file('other.key') },
      'cannot be used',
    ],
    ['with another database', database('mysql://root:hunter2@db/x'), 'DATABASE_URL must be a postgresql:// URL'],
    ['with several database hosts', database('postgresql://root:hunter2@db1,db2/x'), 'must name one host'],
    ['with an unknown parameter', database('postgresql://root:hunter2@db/x?pgbouncer=true'), 'pgbouncer'],
    ['with another schema', database('postgresql://root:hunter2@db/x?schema=app'), 'schema'],
    ['with sslmode=prefer', database('postgresql://root:hunter2@db/x?sslmode=prefer'), 'sslmode'],
  ])('%s', async (_what, env, problem) => {
    const start = startService(controlledDefinition().definition, env);
    await expect(start).rejects.toThrow(problem);
    await expect(start).rejects.toMatchObject({ name: 'SettingsError' });
    await expect(start).rejects.not.toThrow(/development-only|hunter2/);
  });
});

test('a process ends at the planned time that it reaches a fail point, and never in production', async () => {
  const module = fileURLToPath(new URL('../dist/fail-points/fail-point.js', import.meta.url));
  const program = `
    import { failPoint } from ${JSON.stringify(module)};
    for (const step of ['inserted', 'received', 'inserted', 'inserted', 'inserted']) {
      console.log(step);
      failPoint('create-book.' + step);
    }`;
  const run = (NODE_ENV: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      env: { NODE_ENV, FAIL_POINT: 'create-book.inserted:3' },
    });
  const stdout = 'inserted\nreceived\ninserted\ninserted\n';
  await expect(run('test')).rejects.toMatchObject({ code: CRASHED, stdout });
  expect(await run('production')).toMatchObject({ stdout: `${stdout}inserted\n` });
});
