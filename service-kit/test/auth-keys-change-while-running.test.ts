import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http2Call, TEST_AUDIENCE, TEST_ISSUER, TestIssuer } from '@bookstore/sandbox/testing';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { keysFromUrl } from '../src/auth/token-keys.js';
import { TokenVerifier } from '../src/auth/token-verifier.js';
import { METHODS, type SecuredService, startSecuredService } from './secured-service.js';

const WAIT = { timeout: 10_000 };
const METHOD = METHODS[0] as string;
let stop: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of stop.reverse()) await end();
  stop = [];
});

async function start(env: Record<string, string> = {}): Promise<SecuredService> {
  const secured = await startSecuredService(inject('postgresUrl'), { RATE_LIMIT_PER_SECOND: '0', ...env });
  stop.push(secured.stop);
  return secured;
}

const call = async ({ session }: SecuredService, token: string) =>
  (await http2Call(session, METHOD, { authorization: `Bearer ${token}` })).code;

const writeKeys = (secured: SecuredService, ...issuers: TestIssuer[]) => {
  const keys = issuers.map(({ publicJwk }) => publicJwk);
  writeFileSync(`${secured.jwksFile}.new`, JSON.stringify({ keys }));
  renameSync(`${secured.jwksFile}.new`, secured.jwksFile);
};

test('keys rotate under load: no call fails, and what the old key signed counts no longer than its key', async () => {
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
  await vi.waitFor(async () => expect(await call(secured, newToken)).toBe('OK'), WAIT);
  token = newToken;
  // Else a call with the old token may still be on its way when its key goes.
  await vi.waitFor(() => expect(withNew.size).toBe(8), WAIT);
  writeKeys(secured, next);
  await vi.waitFor(async () => expect(await call(secured, oldToken)).toBe('UNAUTHENTICATED'), WAIT);
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
  // Written later than the broken file, and read after it.
  writeKeys(secured, secured.issuer, other);
  await vi.waitFor(async () => expect(await call(secured, await other.token())).toBe('OK'), WAIT);
  expect(await call(secured, token)).toBe('OK');
});

test('a token is refused as soon as it has expired, though it was good a moment ago', async () => {
  const secured = await start();
  // With the five seconds that clocks may differ.
  const token = await secured.issuer.token({ exp: Math.floor(Date.now() / 1000) - 3 });
  expect(await call(secured, token)).toBe('OK');
  await vi.waitFor(async () => expect(await call(secured, token)).toBe('UNAUTHENTICATED'), WAIT);
});

test('keys are fetched from a URL; while it does not answer, known tokens pass and new ones are UNAVAILABLE', async () => {
  const first = await TestIssuer.create('key-1');
  const { keyServer, url } = await serveKeys(() => first);
  const secured = await start(url);
  const token = await first.token();
  expect(await call(secured, token)).toBe('OK');

  await closeNow(keyServer);
  expect(await call(secured, token)).toBe('OK');
  const late = await start(url);
  expect(await http2Call(late.session, METHOD, { authorization: `Bearer ${token}` })).toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'KEYS_UNAVAILABLE',
  });
  expect(late.handled).toEqual([]);
});

test('keys at a URL rotate: they are used as long as was said, and then the new ones are', async () => {
  const [first, second] = [await TestIssuer.create('key-1'), await TestIssuer.create('key-2')];
  let current = first;
  const { url } = await serveKeys(() => current);
  const settings = { JWT_ISSUER: TEST_ISSUER, JWT_AUDIENCE: TEST_AUDIENCE };
  const verifier = new TokenVerifier(settings, keysFromUrl(url.JWT_JWKS_URL, 1000));
  const [oldToken, newToken] = [await first.token(), await second.token()];
  const outcome = async (token: string) => {
    const key = verifier.keyOf(token);
    return Promise.resolve(verifier.known(key) ?? verifier.verify(token, key)).then(
      ({ name }) => name,
      ({ reason }) => reason,
    );
  };
  const subject = await outcome(oldToken);
  expect(subject).not.toMatch(/^[A-Z_]+$/);

  current = second;
  await expect.poll(() => outcome(newToken), WAIT).toBe(subject);
  await expect.poll(() => outcome(oldToken), WAIT).toBe('CREDENTIALS_INVALID');
});

/** A server of the public key that this issuer has just then, and the settings that name it. */
async function serveKeys(issuer: () => TestIssuer) {
  const keyServer = createServer((_request, response) => response.end(JSON.stringify({ keys: [issuer().publicJwk] })));
  await once(keyServer.listen(0, '127.0.0.1'), 'listening');
  stop.push(() => closeNow(keyServer));
  const { port } = keyServer.address() as AddressInfo;
  return { keyServer, url: { JWT_JWKS_FILE: '', JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks` } };
}

function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
