import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCredentials, serviceFile, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = path.resolve(import.meta.dirname, '../../dev-credentials/dist/token.js');
const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-token-'));
beforeAll(() => makeCredentials(folder, ['book-service']));
afterAll(() => rmSync(folder, { recursive: true }));

const token = (args: readonly string[], CREDENTIALS_DIR = folder, env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ status: number; stdout: string; stderr: string }>((resolve) =>
    execFile(process.execPath, [program, ...args], { env: { CREDENTIALS_DIR, ...env } }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );

test('it prints one token that says what was asked for, and nothing else', async () => {
  const { status, stdout, stderr } = await token(['--scope', 'books:read books:write', '--ttl', '90s']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^\S+\n$/);
  const keys = createLocalJWKSet(JSON.parse(readFileSync(serviceFile(folder, 'book-service', 'jwks.json'), 'utf8')));
  const { payload } = await jwtVerify(stdout.trim(), keys, { issuer: TOKEN_ISSUER, audience: TOKEN_AUDIENCE });
  expect(payload).toMatchObject({ sub: 'developer', scope: 'books:read books:write' });
  expect((payload.exp as number) - (payload.iat as number)).toBe(90);
});

test('a mistake in the command line is named in one line, and no token is printed', async () => {
  const mistakes = [
    [['--scope', 'books:delete'], "no scope is called 'books:delete'"],
    [['--ttl', '25h'], '--ttl takes a time'],
    [['--ttl', 'tomorrow'], '--ttl takes a time'],
    [['--subject', 'somebody@example.com'], '--subject takes letters'],
    [['--forever'], '--forever'],
  ] as const;
  const results = await Promise.all(mistakes.map(([args]) => token(args)));
  for (const [index, { status, stdout, stderr }] of results.entries()) {
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(mistakes[index]?.[1]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('options that npm has taken for its own count', async () => {
  const { stdout } = await token([], folder, { npm_config_scope: 'books:read', npm_config_ttl: '90s' });
  const { scope, exp = 0, iat = 0 } = decodeJwt(stdout.trim());
  expect({ scope, seconds: exp - iat }).toEqual({ scope: 'books:read', seconds: 90 });
  expect(await token([], folder, { npm_config_scope: 'book:read' })).toMatchObject({ status: 2, stdout: '' });
  const { status, stderr } = await token(['30m'], folder, { npm_config_ttl: 'true' });
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('put -- before them') });
  expect(await token([], folder, { npm_config_scope: '@example' })).toMatchObject({ status: 0 });
});

test('without a key it says how to make one', async () => {
  const { status, stdout, stderr } = await token([], path.join(folder, 'nothing'));
  expect({ status: status > 0, stdout }).toEqual({ status: true, stdout: '' });
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('npm start -- --secure');
});
