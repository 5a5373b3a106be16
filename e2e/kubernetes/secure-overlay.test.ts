import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { caFile, signingKeyFile } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { type ChannelCredentials, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anAuthor } from '../src/client/samples.js';
import { Namespace } from '../src/kubernetes/namespace.js';
import { forwardPorts, type PortForwards } from '../src/kubernetes/port-forward.js';
import { textOf } from '../src/process/output-of.js';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-e2e-'));
const namespace = new Namespace();
let ports: PortForwards;
let tls: ChannelCredentials;

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
  tls = credentials.createSsl(readFileSync(caFile(folder)));
}, 300_000);
afterAll(async () => {
  ports?.stop();
  await namespace.delete();
  rmSync(folder, { recursive: true, force: true });
});

/** The response to a call, or the name of the status it fails with. */
type Answer<T> = { status: keyof typeof status; response?: T };
const answer = <T>(call: (callback: (error: ServiceError | null, response: T) => void) => void) =>
  new Promise<Answer<T>>((resolve) => {
    call((error, response) =>
      resolve(error ? { status: status[error.code] as keyof typeof status } : { status: 'OK', response }),
    );
  });

async function withToken(...scopes: string[]): Promise<Metadata> {
  const key = TokenKey.from(JSON.parse(readFileSync(signingKeyFile(folder), 'utf8')));
  const token = await key.issue({ subject: 'e2e', scopes, lifetimeSeconds: 60 });
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

const deadline = () => ({ deadline: Date.now() + 5000 });
const listAuthors = (channel: ChannelCredentials, metadata: Metadata) => {
  const authors = new AuthorServiceClient(ports.authorAddress, channel);
  return answer((done) => authors.listAuthors({ pageSize: 0, pageToken: '' }, metadata, deadline(), done));
};

test('callers with a token store an author and a book; the services call each other by certificate', async () => {
  const metadata = await withToken('authors:write', 'books:write');
  const authors = new AuthorServiceClient(ports.authorAddress, tls);
  const books = new BookServiceClient(ports.bookAddress, tls);
  const created = await answer<{ id: string }>((done) =>
    authors.createAuthor({ requestId: '', name: '', email: '', ...anAuthor() }, metadata, deadline(), done),
  );
  expect(created.status).toBe('OK');
  const authorId = created.response?.id ?? '';
  // The book service asks the author service whether this author exists.
  const stored = await answer((done) =>
    books.createBook({ requestId: '', title: 'Emma', authorId, publishedYear: 1815 }, metadata, deadline(), done),
  );
  expect(stored.status).toBe('OK');
});

test('calls without a token, or with a token for other scopes, are refused', async () => {
  expect(await listAuthors(tls, new Metadata())).toEqual({ status: 'UNAUTHENTICATED' });
  expect(await listAuthors(tls, await withToken('books:read'))).toEqual({ status: 'PERMISSION_DENIED' });
});

test('calls without TLS fail', async () => {
  const { status } = await listAuthors(credentials.createInsecure(), await withToken('authors:read'));
  expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(status);
});

test('k8s:secrets on another machine keeps the passwords that the databases were made with', async () => {
  const password = path.join(folder, 'author-db/service-password');
  const before = readFileSync(password, 'utf8');
  rmSync(folder, { recursive: true });
  await putSecrets();
  expect(readFileSync(password, 'utf8')).toBe(before);
});
