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
import pg from 'pg';
import type { Databases } from './contenders.js';

const sandbox = fileURLToPath(new URL('../../.sandbox', import.meta.url));
const seed = fileURLToPath(new URL('dist/seed/main.js', import.meta.resolve('@bookstore/sandbox/package.json')));

/** A PostgreSQL with its durable defaults, and the same data for each contender. */
export interface BenchData {
  readonly postgres: PostgresServer;
  readonly bookstore: Databases;
  readonly bare: Databases;
  readonly stock: Databases;
}

/** Made through the public API once for each size, and kept in .sandbox/ for the next run. */
export async function prepareData(authors: number, books: number): Promise<BenchData> {
  const dataDir = path.join(sandbox, `bench-${authors}-${books}`);
  const done = path.join(dataDir, 'done');
  if (!existsSync(done)) {
    mkdirSync(dataDir, { recursive: true });
    await seedInto(dataDir, authors, books);
    writeFileSync(done, '');
  }
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(dataDir, 'postgres') });
  const secrets = path.join(dataDir, 'secrets.json');
  const authorDatabase = await prepareDatabase('author-service', postgres.url.bind(postgres), secrets);
  const bookDatabase = await prepareDatabase('book-service', postgres.url.bind(postgres), secrets);
  const databases = (prefix: string): Databases => {
    const named = (url: string, name: string) => {
      const changed = new URL(url);
      changed.pathname = `/${name}`;
      return changed.href;
    };
    const [a, b] = [`${prefix}authors`, `${prefix}books`];
    return {
      own: { 'author-service': named(authorDatabase.url, a), 'book-service': named(bookDatabase.url, b) },
      admin: { 'author-service': postgres.url(a), 'book-service': postgres.url(b) },
    };
  };
  for (const prefix of ['bare_', 'stock_']) await copyDatabases(postgres, prefix);
  return { postgres, bookstore: databases(''), bare: databases('bare_'), stock: databases('stock_') };
}

async function seedInto(dataDir: string, authors: number, books: number): Promise<void> {
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const bookstore = await startBookstore({
    dataDir,
    authorPort,
    bookPort,
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

/** The peers write to copies: without the bookstore's foreign key, since theirs is a check before the insert. */
async function copyDatabases(postgres: PostgresServer, prefix: string): Promise<void> {
  await query(postgres.url(), [`DROP DATABASE IF EXISTS ${prefix}authors`, `DROP DATABASE IF EXISTS ${prefix}books`]);
  await query(postgres.url(), [
    `CREATE DATABASE ${prefix}authors TEMPLATE authors`,
    `CREATE DATABASE ${prefix}books TEMPLATE books`,
  ]);
  await query(postgres.url(`${prefix}books`), ['ALTER TABLE books DROP CONSTRAINT books_author_fkey']);
}

/** Runs statements one by one; the rows of the last. */
export async function query<T extends object>(url: string, statements: string[]): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: T[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
