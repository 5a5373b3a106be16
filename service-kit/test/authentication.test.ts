import { brokenAuthorizations, http2Call, NOT_ASCII } from '@bookstore/sandbox/testing';
import { startService } from '@bookstore/service-kit';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  countingDefinition,
  METHODS,
  REFLECTION,
  SCOPES,
  type SecuredService,
  startSecuredService,
} from './secured-service.js';

let secured: SecuredService;
beforeAll(async () => {
  secured = await startSecuredService(inject('postgresUrl'), { RATE_LIMIT_PER_SECOND: '0' });
});
afterAll(() => secured?.stop());
beforeEach(() => {
  secured.handled.length = 0;
});

const PROTECTED = [...METHODS, ...REFLECTION];
const ALL_SCOPES = ['authors:read', 'authors:write', 'books:read', 'books:write'];
const authorize = async (...scopes: string[]) => ({
  authorization: `Bearer ${await secured.issuer.scoped(...scopes)}`,
});

describe('a call', () => {
  test('with a bad token is UNAUTHENTICATED, also for reflection, and reaches no handler', async () => {
    const broken = Object.entries(await brokenAuthorizations(secured.issuer));
    expect(broken.length).toBeGreaterThanOrEqual(25);
    for (const method of [METHODS[0] as string, ...REFLECTION]) {
      const outcomes = await Promise.all(
        broken.map(async ([what, headers]) => {
          const { code, reason } = await http2Call(secured.session, method, headers);
          return `${what}: ${code} ${reason}`;
        }),
      );
      // grpc-js leaves out a header that is not ASCII.
      const reasonOf = (what: string) => (NOT_ASCII.includes(what) ? 'CREDENTIALS_MISSING' : 'CREDENTIALS_INVALID');
      expect(outcomes).toEqual(broken.map(([what]) => `${what}: UNAUTHENTICATED ${reasonOf(what)}`));
    }
    expect(secured.handled).toEqual([]);
  });

  test('without a token is UNAUTHENTICATED with CREDENTIALS_MISSING, except for health', async () => {
    for (const method of PROTECTED) {
      const { code, reason } = await http2Call(secured.session, method);
      expect({ method, code, reason }).toEqual({ method, code: 'UNAUTHENTICATED', reason: 'CREDENTIALS_MISSING' });
    }
    expect(secured.handled).toEqual([]);
    expect((await http2Call(secured.session, '/grpc.health.v1.Health/Check')).code).toBe('OK');
  });

  test.each([...ALL_SCOPES.map((scope) => [scope]), ALL_SCOPES, [], ['authors:readwrite'], ['AUTHORS:READ'], ['*']])(
    'with the scopes %j passes on exactly the methods that need one of them',
    async (...scopes: string[]) => {
      const headers = await authorize(...scopes);
      for (const method of METHODS) {
        const { code, reason } = await http2Call(secured.session, method, headers);
        const allowed = scopes.includes(SCOPES[method] as string);
        const expected = allowed
          ? { code: 'OK', reason: undefined }
          : { code: 'PERMISSION_DENIED', reason: 'SCOPE_MISSING' };
        expect({ method, code, reason }).toEqual({ method, ...expected });
      }
      expect(secured.handled).toEqual(METHODS.filter((method) => scopes.includes(SCOPES[method] as string)));
    },
  );

  test('of an internal method is UNIMPLEMENTED on the public port, also with every scope', async () => {
    const path = '/bookstore.book.v1.AuthorReferenceService/CloseAuthor';
    expect((await http2Call(secured.session, path, await authorize(...ALL_SCOPES))).code).toBe('UNIMPLEMENTED');
  });
});

test('a service with a method without @Scopes does not start', async () => {
  const { '/bookstore.book.v1.BookService/ListBooks': _forgotten, ...scopes } = SCOPES;
  const env = {
    AUTH: 'off',
    LISTEN_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: 'postgresql://x',
  };
  await expect(startService(countingDefinition([], scopes), env)).rejects.toThrow(
    '@Scopes is missing on Everything./bookstore.book.v1.BookService/ListBooks',
  );
});
