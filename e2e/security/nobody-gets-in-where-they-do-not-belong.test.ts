import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  Author,
  AuthorServiceService,
  Book,
  BookServiceService,
  CreateAuthorRequest,
  CreateBookRequest,
} from '@bookstore/proto';
import { brokenAuthorizations, type Http2Answer, http2Call, TestIssuer } from '@bookstore/sandbox/testing';
import { Client, Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type SecureBookstore, startSecureBookstore } from './secure-bookstore.js';

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

/** Everything that any call of this file was answered. */
const answers: Http2Answer[] = [];

async function call(port: number, method: string, headers: Record<string, string>, message?: Uint8Array) {
  const session = secure.session(port);
  const answer = await http2Call(session, method, headers, message);
  session.close();
  answers.push(answer);
  return answer;
}

test('broken tokens open no method of either service', async () => {
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
  'the scope %s opens its methods and no other',
  async (scope) => {
    const authorization = await secure.authorization([scope]);
    for (const { port, method } of methods()) {
      const { reason } = await call(port, method, { authorization });
      const needed = SCOPE_OF[method.split('/')[2] as string];
      expect({ method, refused: reason === 'SCOPE_MISSING' }).toEqual({ method, refused: needed !== scope });
    }
  },
);

test("the internal ports take no user's token", async () => {
  const authorization = await secure.authorization();
  for (const service of secure.bookstore.services.values()) {
    const session = secure.session(service.options.internalPort);
    session.on('error', () => {});
    const { code } = await http2Call(session, '/bookstore.author.v1.AuthorService/GetAuthor', { authorization });
    expect(code).toMatch(/^stream closed/);
    session.destroy();
  }
});

test('each change and each refusal is one line that says who, what, which, how and the request id', async () => {
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

test('what a stranger sends never becomes a log line of its own, nor part of one', async () => {
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

test('no answer and no log line holds a secret, a token, an e-mail address, SQL, a path or a stack', async () => {
  const authorization = await secure.authorization();
  const create = '/bookstore.author.v1.AuthorService/CreateAuthor';
  const message = CreateAuthorRequest.encode({ name: 'Audre', email: 'audre@example.com', requestId: '' }).finish();
  await call(secure.authorPort, create, { authorization }, message);
  await call(secure.authorPort, create, { authorization }, Buffer.from('ffff', 'hex'));
  await call(secure.authorPort, '/bookstore.author.v1.AuthorService/Nothing', { authorization });

  const dataDir = path.join(path.dirname(secure.bookstore.service('author-service').options.caFile as string), '..');
  const secrets = Object.values(JSON.parse(readFileSync(path.join(dataDir, 'secrets.json'), 'utf8')) as object);
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

test('what SQL, Unicode and control characters say is refused by the rules, or comes back byte for byte', async () => {
  const authorization = await secure.authorization();
  const texts = [
    "Robert'); DROP TABLE authors;--",
    "' OR '1'='1",
    '$1 %s {0} \\x00 \\',
    ['$', '{jndi:ldap://x}'].join(''),
    '<script>alert(1)</script>',
    'Ꮢ\u202Eevil\u202C',
    'e\u0301 é ﬁ ß İ',
    '👩‍👩‍👧‍👦'.repeat(20),
    '\u{10FFFD}',
    '\uFEFFname',
  ];
  let number = 0;
  const created = (name: string) => {
    const message = CreateAuthorRequest.encode({
      name,
      email: `author-${number++}@example.com`,
      requestId: '',
    }).finish();
    return grpcUnary(secure.authorPort, '/bookstore.author.v1.AuthorService/CreateAuthor', authorization, message);
  };
  for (const text of texts) {
    const { code, body } = await created(text);
    const expected = text.trim();
    expect({ text, code, name: body && Author.decode(body).name }).toEqual({ text, code: 'OK', name: expected });
  }
  for (const control of ['\u0000', '\u0001', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u009b']) {
    expect((await created(`a${control}b`)).code).toBe('INVALID_ARGUMENT');
  }
  const [author] = texts;
  const { body } = await created(author as string);
  const authorId = Author.decode(body as Buffer).id;
  for (const title of texts) {
    const message = CreateBookRequest.encode({ title, authorId, publishedYear: 1999, requestId: '' }).finish();
    const answer = await grpcUnary(
      secure.bookPort,
      '/bookstore.book.v1.BookService/CreateBook',
      authorization,
      message,
    );
    expect({ code: answer.code, title: answer.body && Book.decode(answer.body).title }).toEqual({
      code: 'OK',
      title: title.trim(),
    });
  }
});

/** A unary call with its answer's bytes. */
async function grpcUnary(port: number, method: string, authorization: string, message: Uint8Array) {
  const client = new Client(`localhost:${port}`, secure.channel());
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  const same = (bytes: Buffer) => bytes;
  return new Promise<{ code: string; body?: Buffer }>((resolve) => {
    client.makeUnaryRequest(method, same, same, Buffer.from(message), metadata, (error, body) => {
      client.close();
      resolve(error ? { code: status[error.code] as string } : { code: 'OK', body: body as Buffer });
    });
  });
}
