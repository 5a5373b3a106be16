// One author and one book through a running bookstore, and both gone again: node scripts/smoke.mjs AUTHOR_URL BOOK_URL
//
// http:// or https://, as in http://127.0.0.1:50051 http://127.0.0.1:50052. SMOKE_TOKEN is a bearer token with the scopes
// authors:write, books:read and books:write, SMOKE_CA_FILE the authority of a certificate that the system does not know.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './run.mjs';

const [authorUrl, bookUrl] = process.argv.slice(2);
if (!authorUrl || !bookUrl) throw new Error('usage: node scripts/smoke.mjs AUTHOR_URL BOOK_URL');

const manifest = createRequire(import.meta.url).resolve('@bufbuild/buf/package.json');
const buf = path.join(path.dirname(manifest), 'bin/buf');
const { SMOKE_TOKEN: token, SMOKE_CA_FILE: caFile } = process.env;
const TIMEOUT_MS = 30_000;

/** The answer to one call. Headers go in by a pipe, where no list of processes shows them. */
function call(url, method, request) {
  const transport = url.startsWith('https:') ? (caFile ? ['--cacert', caFile] : []) : ['--http2-prior-knowledge'];
  const headers = token ? ['-H', '@-'] : [];
  const args = ['curl', '--protocol', 'grpc', '--schema', path.join(root, 'proto'), ...transport, ...headers];
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [buf, ...args, '-d', JSON.stringify(request), `${url}/${method}`],
    { input: token ? `authorization: Bearer ${token}\n` : '', encoding: 'utf8', timeout: TIMEOUT_MS },
  );
  if (status !== 0) throw new Error(`${method}: ${stderr || error?.message || 'no answer'}`);
  console.log(`ok ${method}`);
  return JSON.parse(stdout);
}

const authors = 'bookstore.author.v1.AuthorService';
const books = 'bookstore.book.v1.BookService';
const email = `smoke-${randomUUID()}@example.com`;

const author = call(authorUrl, `${authors}/CreateAuthor`, { name: 'Smoke Test', email });
try {
  const made = { title: 'Where There Is Smoke', authorId: author.id, publishedYear: 2024 };
  const { id } = call(bookUrl, `${books}/CreateBook`, made);
  const found = call(bookUrl, `${books}/GetBook`, { id });
  if (found.title !== made.title || found.authorId !== author.id) {
    throw new Error(`GetBook answered ${JSON.stringify(found)}`);
  }
} finally {
  call(authorUrl, `${authors}/DeleteAuthor`, { id: author.id, force: true });
}
