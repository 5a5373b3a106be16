import { brokenAuthorizations, http2Call, NOT_ASCII } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { METHODS, REFLECTION, type SecuredService, startSecuredService } from './secured-service.js';

let secured: SecuredService;
beforeAll(async () => {
  secured = await startSecuredService(inject('postgresUrl'), { RATE_LIMIT_PER_SECOND: '0' });
});
afterAll(() => secured.stop());

describe('a call without a good token', () => {
  test('is UNAUTHENTICATED on every method, whatever is wrong with the token, and reaches no handler', async () => {
    const broken = Object.entries(await brokenAuthorizations(secured.issuer));
    expect(broken.length).toBeGreaterThanOrEqual(25);
    for (const method of [...METHODS, ...REFLECTION]) {
      const answers = await Promise.all(
        broken.map(async ([what, headers]) => [what, await http2Call(secured.session, method, headers)] as const),
      );
      const outcomes = answers.map(([what, { code, reason }]) => `${what}: ${code} ${reason}`);
      // grpc-js leaves out a header that is not ASCII.
      const reasonFor = (what: string) => (NOT_ASCII.includes(what) ? 'CREDENTIALS_MISSING' : 'CREDENTIALS_INVALID');
      expect(outcomes).toEqual(broken.map(([what]) => `${what}: UNAUTHENTICATED ${reasonFor(what)}`));
    }
    expect(secured.handled).toEqual([]);
  });

  test('is told that credentials are missing when it has none', async () => {
    for (const method of [...METHODS, ...REFLECTION]) {
      const { code, reason } = await http2Call(secured.session, method);
      expect({ method, code, reason }).toEqual({ method, code: 'UNAUTHENTICATED', reason: 'CREDENTIALS_MISSING' });
    }
    expect(secured.handled).toEqual([]);
  });

  test('passes once the token is good', async () => {
    const authorization = `Bearer ${await secured.issuer.token()}`;
    for (const method of METHODS) {
      expect((await http2Call(secured.session, method, { authorization })).code).toBe('OK');
    }
    expect(secured.handled).toEqual(METHODS);
  });

  test('may ask for health', async () => {
    const { code } = await http2Call(secured.session, '/grpc.health.v1.Health/Check');
    expect(code).toBe('OK');
  });
});
