import path from 'node:path';
import { type PostgresServer, prepareDatabase, query, startEmbeddedPostgres } from '@bookstore/sandbox';
import { pin } from './load.js';
import type { Operation } from './operations.js';

export type ServiceName = 'author-service' | 'book-service';

/** A URL of each service's database. */
export type Databases = Readonly<Record<ServiceName, string>>;

/** PostgreSQL with its durable defaults, and databases with the same rows for each peer. */
export class BenchData implements AsyncDisposable {
  private constructor(
    readonly postgres: PostgresServer,
    /** No peer changes these. */
    private readonly original: Databases,
  ) {}

  static async create(folder: string, size: { authors: number; books: number }): Promise<BenchData> {
    const dataDir = path.join(folder, 'postgres');
    const postgres = await startEmbeddedPostgres({ dataDir, settings: { max_connections: '200' } });
    // Before anybody connects: PostgreSQL's process for a connection begins on the cores that its parent has.
    pin(postgres.pid);
    for (const service of ['author-service', 'book-service']) await prepareDatabase(service, postgres.url);
    const original = { 'author-service': postgres.url('authors'), 'book-service': postgres.url('books') };
    await fill(original, size);
    return new BenchData(postgres, original);
  }

  /**
   * Databases for one peer.
   *
   * @param options foreignKey is false for pg and nest-prisma, which ask for the author and then insert: their authors
   * have no reference
   */
  async copyFor(peer: string, { foreignKey = true } = {}): Promise<Databases> {
    const copy = async (database: string) => {
      const name = `${peer.replaceAll('-', '_')}_${database}`;
      await query(this.postgres.url(), `CREATE DATABASE ${name} TEMPLATE ${database} STRATEGY FILE_COPY`);
      return this.postgres.url(name);
    };
    const databases = { 'author-service': await copy('authors'), 'book-service': await copy('books') };
    if (!foreignKey) await query(databases['book-service'], 'ALTER TABLE books DROP CONSTRAINT books_author_fkey');
    return databases;
  }

  /** Requests for the rows that all copies have. */
  requests({ service, requests }: Operation, count: number): Promise<object[]> {
    return query(this.original[service], requests, [count]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.postgres.stop();
  }
}

/** One author has a tenth of the books; the others have nine or ten each. */
async function fill(databases: Databases, { authors, books }: { authors: number; books: number }): Promise<void> {
  const made = await query(
    databases['author-service'],
    `INSERT INTO authors (name, email) SELECT 'Author ' || n, 'author-' || n || '@synthetic.example.com'
     FROM generate_series(1, $1) n RETURNING id`,
    [authors],
  );
  const ids = made.map(({ id }) => id);
  await query(databases['book-service'], 'INSERT INTO author_refs (author_id) SELECT unnest($1::uuid[])', [ids]);
  await query(
    databases['book-service'],
    `INSERT INTO books (title, author_id, published_year)
     SELECT 'The Book of ' || n, ($1::uuid[])[CASE WHEN n <= $2 / 10 THEN 1 ELSE 2 + n % ($3 - 1) END], 1900 + n % 120
     FROM generate_series(1, $2) n`,
    [ids, books, authors],
  );
  for (const url of Object.values(databases)) await query(url, 'VACUUM (FREEZE, ANALYZE)');
}

/** Inserts the rows that requests need, into the databases of one peer. */
export async function insertRows({ rows }: Operation, databases: Databases, requests: readonly object[]) {
  if (!rows) return;
  const ids = requests.map((request) => (request as Record<string, string>)[rows.idField]);
  await query(databases[rows.into], rows.sql, [ids]);
}
