import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signingKeyFile } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { type ChannelCredentials, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anAuthor } from '../src/client/samples.js';
import { type InstalledBookstore, installBookstore } from '../src/kubernetes/install-bookstore.js';
import { forwardPort, type PortForward } from '../src/kubernetes/port-forward.js';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-e2e-'));
let bookstore: InstalledBookstore;
let author: PortForward;
let book: PortForward;
let trusting: ChannelCredentials;

beforeAll(async () => {
  bookstore = await installBookstore(folder);
  author = await forwardPort(bookstore, 'author-service', 50051);
  book = await forwardPort(bookstore, 'book-service', 50052);
  trusting = credentials.createSsl(readFileSync(path.join(folder, 'ca.crt')));
}, 300_000);
afterAll(async () => {
  author?.stop();
  book?.stop();
  await bookstore?.uninstall();
  rmSync(folder, { recursive: true, force: true });
});

/** A call's answer, or the name of the status it fails with. */
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

const within = () => ({ deadline: Date.now() + 5000 });

test('with a token, and between the services by certificate, an author and a book are stored', async () => {
  const metadata = await withToken('authors:write', 'books:write');
  const authors = new AuthorServiceClient(author.address, trusting);
  const books = new BookServiceClient(book.address, trusting);
  const created = await answer<{ id: string }>((done) =>
    authors.createAuthor({ requestId: '', name: '', email: '', ...anAuthor() }, metadata, within(), done),
  );
  expect(created.status).toBe('OK');
  const authorId = created.response?.id ?? '';
  // The book service asks the author service whether this author exists.
  const stored = await answer((done) =>
    books.createBook({ requestId: '', title: 'Emma', authorId, publishedYear: 1815 }, metadata, within(), done),
  );
  expect(stored.status).toBe('OK');
});

test('without a token, or with one for something else, no call gets in', async () => {
  const authors = new AuthorServiceClient(author.address, trusting);
  const list = (metadata: Metadata) =>
    answer((done) => authors.listAuthors({ pageSize: 0, pageToken: '' }, metadata, within(), done));
  expect(await list(new Metadata())).toEqual({ status: 'UNAUTHENTICATED' });
  expect(await list(await withToken('books:read'))).toEqual({ status: 'PERMISSION_DENIED' });
});

test('without TLS nothing is answered', async () => {
  const authors = new AuthorServiceClient(author.address, credentials.createInsecure());
  const metadata = await withToken('authors:read');
  const listed = await answer((done) => authors.listAuthors({ pageSize: 0, pageToken: '' }, metadata, within(), done));
  expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(listed.status);
});
