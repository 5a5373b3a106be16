import { http2Call } from '@bookstore/sandbox/testing';
import { startService } from '@bookstore/service-kit';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { countingDefinition, METHODS, SCOPES, type SecuredService, startSecuredService } from './secured-service.js';

let secured: SecuredService;
beforeAll(async () => {
  secured = await startSecuredService(inject('postgresUrl'), { RATE_LIMIT_PER_SECOND: '0' });
});
afterAll(() => secured.stop());

const ALL = ['authors:read', 'authors:write', 'books:read', 'books:write'];

test.each([...ALL.map((scope) => [scope]), ALL, [], ['authors:readwrite'], ['AUTHORS:READ'], ['*'], ['authors:*']])(
  'a token with the scopes %j opens exactly the methods that need one of them',
  async (...scopes: string[]) => {
    const authorization = `Bearer ${await secured.issuer.scoped(...scopes)}`;
    secured.handled.length = 0;
    for (const method of METHODS) {
      const { code, reason } = await http2Call(secured.session, method, { authorization });
      const allowed = scopes.includes(SCOPES[method] as string);
      expect({ method, code, reason }).toEqual({
        method,
        code: allowed ? 'OK' : 'PERMISSION_DENIED',
        reason: allowed ? undefined : 'SCOPE_MISSING',
      });
    }
    expect(secured.handled).toEqual(METHODS.filter((method) => scopes.includes(SCOPES[method] as string)));
  },
);

test('methods of the internal port are not served on the public one, not even to a token with every scope', async () => {
  const authorization = `Bearer ${await secured.issuer.scoped(...ALL)}`;
  const path = '/bookstore.book.v1.AuthorReferenceService/CloseAuthor';
  expect((await http2Call(secured.session, path, { authorization })).code).toBe('UNIMPLEMENTED');
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
