import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AuthorServiceService, BookServiceService, CreateAuthorRequest } from '@bookstore/proto';
import { brokenAuthorizations, type Http2Answer, http2Call, TestIssuer } from '@bookstore/sandbox/testing';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type SecureBookstore, startSecureBookstore } from '../src/client/secure-bookstore.js';

let secure: SecureBookstore;
beforeAll(async () => {
  secure = await startSecureBookstore({ RATE_LIMIT_PER_SECOND: '0', LOG_LEVEL: 'debug' });
});
afterAll(() => secure?.stop());

const SCOPE_OF: Record<string, string> = {
  CreateAuthor: 'authors:write',
  GetAuthor: 'authors:read',
  UpdateAuthor: 'authors:write',
  DeleteAuthor: 'authors:write',
  ListAuthors: 'authors:read',
  CreateBook: 'books:write',
  GetBook: 'books:read',
  UpdateBook: 'books:write',
  DeleteBook: 'books:write',
  ListBooks: 'books:read',
  GetBooksByAuthor: 'books:read',
};

const pathsOf = (service: ServiceDefinition) => Object.values(service).map(({ path: method }) => method);
const methods = () => [
  ...pathsOf(AuthorServiceService).map((method) => ({ port: secure.authorPort, method })),
  ...pathsOf(BookServiceService).map((method) => ({ port: secure.bookPort, method })),
];

/** Every response that this file has received. */
const answers: Http2Answer[] = [];

async function call(port: number, method: string, headers: Record<string, string>, message?: Uint8Array) {
  const session = secure.session(port);
  const answer = await http2Call(session, method, headers, message);
  session.close();
  answers.push(answer);
  return answer;
}

test('no method of either service accepts a broken token', async () => {
  const broken = Object.entries(await brokenAuthorizations(await TestIssuer.create()));
  for (const { port, method } of methods()) {
    const session = secure.session(port);
    const codes = await Promise.all(
      broken.map(async ([what, headers]) => {
        const answer = await http2Call(session, method, headers);
        answers.push(answer);
        return `${what}: ${answer.code}`;
      }),
    );
    session.close();
    expect(codes).toEqual(broken.map(([what]) => `${what}: UNAUTHENTICATED`));
  }
});

test.each([['authors:read'], ['authors:write'], ['books:read'], ['books:write']])(
  'a token with the scope %s can call its methods and no other',
  async (scope) => {
    const authorization = await secure.authorization([scope]);
    for (const { port, method } of methods()) {
      const { reason } = await call(port, method, { authorization });
      const needed = SCOPE_OF[method.split('/')[2] as string];
      expect({ method, refused: reason === 'SCOPE_MISSING' }).toEqual({ method, refused: needed !== scope });
    }
  },
);

test("the internal ports accept no user's token", async () => {
  const authorization = await secure.authorization();
  for (const service of secure.bookstore.services.values()) {
    const session = secure.session(service.options.internalPort);
    session.on('error', () => {});
    const { code } = await http2Call(session, '/bookstore.author.v1.AuthorService/GetAuthor', { authorization });
    expect(code).toMatch(/^stream closed/);
    session.destroy();
  }
});

test('each change and each denied call is one line of the audit log, with caller, method, resource, outcome and request id', async () => {
  const message = CreateAuthorRequest.encode({ name: 'Audre', email: 'audre@example.com', requestId: '' }).finish();
  const authorization = await secure.authorization(['authors:write'], 'librarian');
  const path = '/bookstore.author.v1.AuthorService/CreateAuthor';
  await call(secure.authorPort, path, { authorization, 'x-request-id': 'audit-1' }, message);
  const readOnly = await secure.authorization(['books:read'], 'reader');
  await call(secure.authorPort, path, { authorization: readOnly, 'x-request-id': 'audit-2' }, message);
  await call(secure.authorPort, path, { 'x-request-id': 'audit-3' }, message);

  const audits = () =>
    secure.log
      .map((line) => JSON.parse(line))
      .filter(({ audit, requestId }) => audit !== undefined && /^audit-/.test(requestId));
  await vi.waitFor(() => expect(audits()).toHaveLength(3), { timeout: 10_000 });
  expect(audits()).toMatchObject([
    { audit: 'changed', who: { kind: 'user', name: 'librarian' }, method: path, id: expect.any(String), outcome: 'OK' },
    { audit: 'denied', who: { kind: 'user', name: 'reader' }, method: path, outcome: 'SCOPE_MISSING' },
    { audit: 'denied', who: { kind: 'anonymous' }, method: path, outcome: 'CREDENTIALS_MISSING' },
  ]);
});

test('no part of a denied request is logged', async () => {
  const forged = '{"level":"info","msg":"forged"}';
  const headers = {
    authorization: `Bearer ${forged}`,
    'x-request-id': `"}${forged}`,
    'x-other': '\u009b31mforged\u0080',
  };
  await call(secure.authorPort, '/bookstore.author.v1.AuthorService/GetAuthor', headers);
  const authorization = await secure.authorization();
  const text = `forged\r\n${forged}\u001b[2J`;
  const message = CreateAuthorRequest.encode({ name: text, email: text, requestId: text }).finish();
  await call(secure.authorPort, '/bookstore.author.v1.AuthorService/CreateAuthor', { authorization }, message);
  for (const line of secure.log) {
    expect(() => JSON.parse(line)).not.toThrow();
    expect(line).not.toContain('forged');
  }
});

test('no response and no log line has a secret, a token, an e-mail address, SQL, a path or a stack', async () => {
  const authorization = await secure.authorization();
  const create = '/bookstore.author.v1.AuthorService/CreateAuthor';
  const message = CreateAuthorRequest.encode({ name: 'Audre', email: 'audre@example.com', requestId: '' }).finish();
  await call(secure.authorPort, create, { authorization }, message);
  await call(secure.authorPort, create, { authorization }, Buffer.from('ffff', 'hex'));
  await call(secure.authorPort, '/bookstore.author.v1.AuthorService/Nothing', { authorization });

  const { dataDir } = secure;
  const services = [...secure.bookstore.services.values()];
  const secrets = services.map(({ options }) => new URL(options.env.DATABASE_URL ?? '').password);
  expect(secrets.every((password) => password.length > 20)).toBe(true);
  const keys = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.startsWith('certs') && name.endsWith('.key'))
    .map((name) => readFileSync(path.join(dataDir, name), 'utf8').split('\n')[1] as string);
  expect(keys).toHaveLength(4);
  const forbidden = [
    ...secrets,
    ...keys,
    authorization.split('.')[2],
    'eyJhbGci',
    'audre@example.com',
    'SELECT ',
    'INSERT ',
  ];
  const bodies = answers.map(({ headers }) =>
    [
      JSON.stringify(headers),
      Buffer.from(String(headers['grpc-status-details-bin'] ?? ''), 'base64').toString('latin1'),
    ].join(),
  );
  for (const text of [...bodies, ...secure.log]) {
    for (const secret of forbidden) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/node_modules|\.[jt]s:\d+|\n\s+at /);
  }
});
