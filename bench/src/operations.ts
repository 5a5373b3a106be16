import type { ServiceName } from './data.js';
import type { Goals } from './results.js';

/** A kind of call, and how it is measured. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceName;
  /** Such as author.v1.AuthorService.GetAuthor. */
  readonly method: string;
  readonly inFlight: number;
  /** A query of this database returns the requests; $1 is how many. */
  readonly requests: { readonly from: ServiceName; readonly sql: string };
  /** Each request is sent once, so many in a round. Otherwise the requests are repeated until the round ends. */
  readonly callsPerRound?: number;
  /** Rows that the requests need; $1 are their ids. */
  readonly rows?: { readonly into: ServiceName; readonly idField: 'id' | 'authorId'; readonly sql: string };
  /** An open loop: calls are sent at half of the peer's own peak, whether or not earlier ones have ended. */
  readonly openLoop?: boolean;
  /** echo takes part. */
  readonly withEcho?: boolean;
  /** Fields of the response that each server generates. */
  readonly generated?: readonly string[];
  readonly goals: Goals;
}

const goals = (pg: number, nestPrisma = 1): Goals => ({ 'calls/s × pg': pg, 'calls/s × nest-prisma': nestPrisma });
const LATENCY_GOAL: Goals = { 'latency × nest-prisma': 1 };

const onAuthors = (method: string) =>
  ({ service: 'author-service', method: `author.v1.AuthorService.${method}`, inFlight: 64 }) as const;
const onBooks = (method: string) =>
  ({ service: 'book-service', method: `book.v1.BookService.${method}`, inFlight: 64 }) as const;

const fromAuthors = (sql: string) => ({ from: 'author-service', sql }) as const;
const fromBooks = (sql: string) => ({ from: 'book-service', sql }) as const;

const firstPage = (from: typeof fromAuthors | typeof fromBooks) =>
  from(`SELECT 100 AS "pageSize", '' AS "pageToken" LIMIT $1`);
const authorsWith = (condition: string) =>
  fromBooks(`SELECT author_id AS "authorId", 0 AS "pageSize", '' AS "pageToken" FROM books
    GROUP BY author_id HAVING ${condition} ORDER BY random() LIMIT $1`);
const bookOf = (authorId: string, table: string) =>
  fromBooks(`SELECT ${authorId} AS "authorId", 'The Dispossessed' AS title, 1974 AS "publishedYear", '' AS "requestId"
    FROM ${table}`);

const authorsFor = (idField: 'id' | 'authorId') =>
  ({
    into: 'author-service',
    idField,
    sql: `INSERT INTO authors (id, name, email)
      SELECT id, 'Author', id || '@bench.example.com' FROM unnest($1::uuid[]) id`,
  }) as const;

const reads = [
  {
    of: 'GetAuthor',
    ...onAuthors('GetAuthor'),
    requests: fromAuthors('SELECT id FROM authors ORDER BY random() LIMIT $1'),
  },
  {
    of: 'GetBook',
    ...onBooks('GetBook'),
    requests: fromBooks('SELECT id FROM books ORDER BY random() LIMIT $1'),
  },
];

/** In the order of the report. The open loops are last: a process keeps the memory of calls that have piled up. */
export const operations: readonly Operation[] = [
  ...reads.flatMap(({ of, ...read }) => [
    { ...read, name: `${of}, 64 in flight`, withEcho: true, goals: goals(1.05, 2.5) },
    { ...read, name: `${of}, 1 in flight`, inFlight: 1, goals: { ...goals(0.5), ...LATENCY_GOAL } },
  ]),
  {
    name: 'ListAuthors, page of 100',
    ...onAuthors('ListAuthors'),
    inFlight: 16,
    requests: firstPage(fromAuthors),
    goals: goals(0.75),
  },
  {
    name: 'ListBooks, page of 100',
    ...onBooks('ListBooks'),
    inFlight: 16,
    requests: firstPage(fromBooks),
    goals: goals(0.75),
  },
  {
    name: 'GetBooksByAuthor, 10 books',
    ...onBooks('GetBooksByAuthor'),
    inFlight: 16,
    requests: authorsWith('count(*) <= 10'),
    goals: goals(0.5),
  },
  {
    name: 'GetBooksByAuthor, all of many',
    ...onBooks('GetBooksByAuthor'),
    inFlight: 4,
    requests: authorsWith('count(*) > 10'),
    goals: goals(0.5),
  },
  {
    name: 'UpdateAuthor',
    ...onAuthors('UpdateAuthor'),
    requests: fromAuthors(`SELECT id, 'Another name' AS name FROM authors ORDER BY random() LIMIT $1`),
    goals: goals(0.5),
  },
  {
    name: 'UpdateBook',
    ...onBooks('UpdateBook'),
    requests: fromBooks('SELECT id, 1975 AS "publishedYear" FROM books ORDER BY random() LIMIT $1'),
    goals: goals(0.5),
  },
  {
    name: 'CreateBook, known author',
    ...onBooks('CreateBook'),
    requests: bookOf('author_id', 'author_refs ORDER BY random() LIMIT $1'),
    generated: ['id', 'createdAt'],
    goals: goals(1),
  },
  {
    name: 'CreateBook, first of its author',
    ...onBooks('CreateBook'),
    requests: bookOf('uuidv7()', 'generate_series(1, $1)'),
    callsPerRound: 1500,
    rows: authorsFor('authorId'),
    generated: ['id', 'createdAt'],
    goals: goals(0.5),
  },
  {
    name: 'CreateAuthor',
    ...onAuthors('CreateAuthor'),
    requests: fromAuthors(
      `SELECT 'Author' AS name, uuidv7() || '@bench.example.com' AS email, '' AS "requestId"
       FROM generate_series(1, $1)`,
    ),
    callsPerRound: 4000,
    generated: ['id', 'createdAt'],
    goals: goals(0.5),
  },
  {
    name: 'DeleteBook',
    ...onBooks('DeleteBook'),
    requests: fromBooks('SELECT uuidv7() AS id FROM generate_series(1, $1)'),
    callsPerRound: 4000,
    rows: {
      into: 'book-service',
      idField: 'id',
      sql: `INSERT INTO books (id, title, author_id, published_year)
        SELECT id, 'Book', (SELECT author_id FROM author_refs WHERE live LIMIT 1), 1974 FROM unnest($1::uuid[]) id`,
    },
    goals: goals(0.5),
  },
  {
    name: 'DeleteAuthor',
    ...onAuthors('DeleteAuthor'),
    requests: fromAuthors('SELECT uuidv7() AS id, false AS force FROM generate_series(1, $1)'),
    callsPerRound: 800,
    rows: authorsFor('id'),
    goals: goals(0.5),
  },
  ...reads.map(({ of, ...read }) => ({ ...read, name: `${of}, open loop`, openLoop: true, goals: LATENCY_GOAL })),
];
