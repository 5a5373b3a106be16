import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http2Call, TEST_AUDIENCE, TEST_ISSUER, TestIssuer } from '@bookstore/sandbox/testing';
import { pino } from 'pino';
import { expect, inject, onTestFinished, test } from 'vitest';
import { TokenVerifier } from '../src/auth/token-verifier.js';
import { METHODS, type SecuredService, startSecuredService } from './secured-service.js';

const METHOD = METHODS[0] as string;

async function start(env: Record<string, string> = {}): Promise<SecuredService> {
  const secured = await startSecuredService(inject('postgresUrl'), { RATE_LIMIT_PER_SECOND: '0', ...env });
  onTestFinished(secured.stop);
  return secured;
}

const call = async ({ session }: SecuredService, token: string) =>
  (await http2Call(session, METHOD, { authorization: `Bearer ${token}` })).code;

const writeKeys = (secured: SecuredService, ...issuers: TestIssuer[]) => {
  const keys = issuers.map(({ publicJwk }) => publicJwk);
  writeFileSync(`${secured.jwksFile}.new`, JSON.stringify({ keys }));
  renameSync(`${secured.jwksFile}.new`, secured.jwksFile);
};

test('keys of a file rotate under load: no call fails, and tokens of a removed key are refused', async () => {
  const secured = await start();
  const next = await TestIssuer.create('key-2');
  const [oldToken, newToken] = [await secured.issuer.token(), await next.token()];
  let token = oldToken;
  let running = true;
  const failures: string[] = [];
  const withNew = new Set<number>();
  const load = Promise.all(
    Array.from({ length: 8 }, async (_, worker) => {
      while (running) {
        const sent = token;
        const code = await call(secured, sent);
        if (sent === newToken) withNew.add(worker);
        if (code !== 'OK') failures.push(code);
      }
    }),
  );

  writeKeys(secured, secured.issuer, next);
  await expect.poll(() => call(secured, newToken)).toBe('OK');
  token = newToken;
  // No call with the old token is in flight any more.
  await expect.poll(() => withNew.size).toBe(8);
  writeKeys(secured, next);
  await expect.poll(() => call(secured, oldToken)).toBe('UNAUTHENTICATED');
  running = false;
  await load;
  expect(failures).toEqual([]);
});

test('a key file that cannot be used changes nothing', async () => {
  const secured = await start();
  const token = await secured.issuer.token();
  const other = await TestIssuer.create('key-2');
  writeFileSync(secured.jwksFile, '{"keys": [');
  expect(await call(secured, token)).toBe('OK');
  writeKeys(secured, secured.issuer, other);
  const otherToken = await other.token();
  await expect.poll(() => call(secured, otherToken)).toBe('OK');
  expect(await call(secured, token)).toBe('OK');
});

test('a remembered token is refused once it has expired', async () => {
  const secured = await start();
  // Clocks may differ by five seconds.
  const token = await secured.issuer.token({ exp: Math.floor(Date.now() / 1000) - 2 });
  expect(await call(secured, token)).toBe('OK');
  await expect.poll(() => call(secured, token)).toBe('UNAUTHENTICATED');
});

test('while the URL of the keys does not answer, known tokens pass and new ones are UNAVAILABLE', async () => {
  const issuer = await TestIssuer.create();
  const { keyServer, url } = await serveKeys(() => issuer);
  const secured = await start({ JWT_JWKS_FILE: '', JWT_JWKS_URL: url });
  const token = await issuer.token();
  expect(await call(secured, token)).toBe('OK');

  await closeNow(keyServer);
  expect(await call(secured, token)).toBe('OK');
  const late = await start({ JWT_JWKS_FILE: '', JWT_JWKS_URL: url });
  expect(await http2Call(late.session, METHOD, { authorization: `Bearer ${token}` })).toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'KEYS_UNAVAILABLE',
  });
  expect(late.handled).toEqual([]);
});

test('keys of a URL are fetched again after their time, and tokens of an old key are refused', async () => {
  const [first, second] = [await TestIssuer.create('key-1'), await TestIssuer.create('key-2')];
  let current = first;
  const { url } = await serveKeys(() => current);
  const settings = {
    JWT_ISSUER: TEST_ISSUER,
    JWT_AUDIENCE: TEST_AUDIENCE,
    JWT_JWKS_FILE: undefined,
    JWT_JWKS_URL: url,
  };
  const verifier = new TokenVerifier(settings, pino({ enabled: false }), 1000);
  const outcome = async (token: string) => {
    const verified = verifier.known(token) ?? verifier.verify(token);
    return Promise.resolve(verified).then(
      ({ kind }) => kind,
      ({ reason }) => reason,
    );
  };
  const [oldToken, newToken] = [await first.token(), await second.token()];
  expect(await outcome(oldToken)).toBe('user');
  current = second;
  await expect.poll(() => outcome(newToken)).toBe('user');
  await expect.poll(() => outcome(oldToken)).toBe('CREDENTIALS_INVALID');
});

/** A server of the public key of an issuer. */
async function serveKeys(issuer: () => TestIssuer) {
  const keyServer = createServer((_request, response) => response.end(JSON.stringify({ keys: [issuer().publicJwk] })));
  await once(keyServer.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => closeNow(keyServer));
  return { keyServer, url: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks` };
}

function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
