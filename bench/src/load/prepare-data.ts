import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  freePort,
  type PostgresServer,
  prepareDatabase,
  startBookstore,
  startEmbeddedPostgres,
} from '@bookstore/sandbox';
import { type ContenderName, type Databases, type DatabaseUrls, repository } from './contenders.js';
import { query } from './database.js';

const seed = fileURLToPath(new URL('dist/seed/main.js', import.meta.resolve('@bookstore/sandbox/package.json')));

export interface DataSize {
  readonly authors: number;
  readonly books: number;
}

/** A PostgreSQL with its durable defaults, and the same data for each contender. */
export interface BenchData extends AsyncDisposable {
  readonly postgres: PostgresServer;
  /** What all copies were made of; nobody writes to it. */
  readonly originals: DatabaseUrls;
  readonly copies: ReadonlyMap<ContenderName, Databases>;
}

/** Made by `npm run seed` once for each size, and kept in .sandbox/ for the next run; the copies are new each time. */
export async function prepareData(size: DataSize, names: readonly ContenderName[]): Promise<BenchData> {
  const dataDir = path.join(repository, `.sandbox/bench-${size.authors}-${size.books}`);
  const done = path.join(dataDir, 'done');
  const fresh = !existsSync(done);
  if (fresh) {
    mkdirSync(dataDir, { recursive: true });
    await seedInto(dataDir, size);
  }
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(dataDir, 'postgres'),
    settings: { max_connections: '200' }, // ten for each process of each contender
  });
  const secrets = path.join(dataDir, 'secrets.json');
  const authors = await prepareDatabase('author-service', postgres.url.bind(postgres), secrets);
  const books = await prepareDatabase('book-service', postgres.url.bind(postgres), secrets);
  const originals = { 'author-service': postgres.url('authors'), 'book-service': postgres.url('books') };
  if (fresh) {
    // So that no copy begins with work that was left for later.
    for (const url of Object.values(originals)) await query(url, 'VACUUM (FREEZE, ANALYZE)');
    writeFileSync(done, '');
  }
  const copy = async (name: ContenderName): Promise<Databases> => {
    const [authorCopy, bookCopy] = [`${name}_authors`, `${name}_books`].map((copy) => copy.replace('-', '_')) as [
      string,
      string,
    ];
    await copyDatabase(postgres, 'authors', authorCopy);
    await copyDatabase(postgres, 'books', bookCopy);
    return {
      own: { 'author-service': inDatabase(authors.url, authorCopy), 'book-service': inDatabase(books.url, bookCopy) },
      admin: { 'author-service': postgres.url(authorCopy), 'book-service': postgres.url(bookCopy) },
    };
  };
  const copies = new Map<ContenderName, Databases>();
  for (const name of names) copies.set(name, await copy(name));
  // These peers check for the author and then insert, so they have no reference that the foreign key could point to.
  for (const name of ['pg', 'nest-prisma'] as const) {
    await query(copies.get(name)?.admin['book-service'] ?? '', 'ALTER TABLE books DROP CONSTRAINT books_author_fkey');
  }
  return { postgres, originals, copies, [Symbol.asyncDispose]: () => postgres.stop() };
}

function inDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function seedInto(dataDir: string, { authors, books }: DataSize): Promise<void> {
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    env: { RATE_LIMIT_PER_SECOND: '0' },
    onLog: () => {},
  });
  const env = { ...process.env, AUTHOR_PORT: String(authorPort), BOOK_PORT: String(bookPort) };
  const child = spawn(process.execPath, [seed, '--authors', String(authors), '--books', String(books)], {
    env,
    stdio: 'inherit',
  });
  const [status] = await once(child, 'exit');
  await bookstore.stop();
  if (status !== 0) throw new Error('the benchmark could not make its data');
}

async function copyDatabase(postgres: PostgresServer, original: string, copy: string): Promise<void> {
  await query(
    postgres.url(),
    `DROP DATABASE IF EXISTS ${copy}`,
    `CREATE DATABASE ${copy} TEMPLATE ${original} STRATEGY FILE_COPY`,
  );
}
