import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { caFile } from '@bookstore/dev-credentials';
import { CreateAuthorRequest, CreateBookRequest } from '@bookstore/proto';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newEmail } from '../src/client/samples.js';
import { bearerToken } from '../src/client/secure-bookstore.js';
import { Namespace } from '../src/kubernetes/namespace.js';
import { forwardPorts, type PortForwards } from '../src/kubernetes/port-forward.js';
import { textOf } from '../src/process/output-of.js';

const CREATE_AUTHOR = '/bookstore.author.v1.AuthorService/CreateAuthor';
const LIST_AUTHORS = '/bookstore.author.v1.AuthorService/ListAuthors';
const CREATE_BOOK = '/bookstore.book.v1.BookService/CreateBook';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-e2e-'));
const namespace = new Namespace();
let ports: PortForwards;

/** `npm run k8s:secrets`, for this namespace. */
function putSecrets(): Promise<string> {
  const options = ['--namespace', namespace.name, '--credentials', folder];
  return textOf([process.execPath, 'sandbox/dist/kubernetes/secrets.js', ...options]);
}

beforeAll(async () => {
  await putSecrets();
  await namespace.applyOverlay('secure');
  await namespace.waitUntilReady();
  ports = await forwardPorts(namespace);
}, 300_000);
afterAll(async () => {
  ports?.stop();
  await namespace.delete();
  rmSync(folder, { recursive: true, force: true });
});

async function call(url: string, method: string, headers: Record<string, string> = {}, message?: Uint8Array) {
  const session = connect(url, { ca: readFileSync(caFile(folder)) }).on('error', () => {});
  const answer = await http2Call(session, method, headers, message);
  session.destroy();
  return answer;
}

test('callers with a token create; the services call each other by certificate', async () => {
  const authorization = await bearerToken(folder, ['authors:write', 'books:write']);
  const author = CreateAuthorRequest.encode({ requestId: '', name: 'Jane Austen', email: newEmail() }).finish();
  const created = await call(`https://${ports.authorAddress}`, CREATE_AUTHOR, { authorization }, author);
  expect(created).toMatchObject({ code: 'OK' });
  const book = { requestId: '', title: 'Emma', authorId: randomUUID(), publishedYear: 1815 };
  const message = CreateBookRequest.encode(book).finish();
  // The author service has told the book service that there is no such author.
  const refused = await call(`https://${ports.bookAddress}`, CREATE_BOOK, { authorization }, message);
  expect(refused).toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
});

test('calls without a token, or with a token for other scopes, are refused', async () => {
  const list = (headers?: Record<string, string>) => call(`https://${ports.authorAddress}`, LIST_AUTHORS, headers);
  expect(await list()).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await list({ authorization: await bearerToken(folder, ['books:read']) })).toMatchObject({
    code: 'PERMISSION_DENIED',
  });
});

test('calls without TLS fail', async () => {
  const authorization = await bearerToken(folder, ['authors:read']);
  const { code } = await call(`http://${ports.authorAddress}`, LIST_AUTHORS, { authorization });
  expect(code).toMatch(/^stream closed/);
});

test('k8s:secrets on another machine keeps the passwords that the databases were made with', async () => {
  const password = path.join(folder, 'author-db/service-password');
  const before = readFileSync(password, 'utf8');
  rmSync(folder, { recursive: true });
  await putSecrets();
  expect(readFileSync(password, 'utf8')).toBe(before);
});
