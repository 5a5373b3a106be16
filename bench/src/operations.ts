import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import type { MethodDefinition } from '@grpc/grpc-js';
import type { ServiceName } from './data.js';

/** A method of the contract. */
type Method = Pick<MethodDefinition<never, object>, 'path' | 'requestSerialize' | 'responseDeserialize'>;

/** A kind of call, and how it is measured. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceName;
  readonly method: Method;
  readonly inFlight: number;
  /** A query of the service's database that returns the requests; $1 is how many. */
  readonly requests: string;
  /** Each request is sent once, so many in a round. Otherwise the requests are repeated until the round ends. */
  readonly callsPerRound?: number;
  /** Inserts rows that the requests need; $1 are the ids in this field of the requests. */
  readonly rows?: { readonly into: ServiceName; readonly idField: 'id' | 'authorId'; readonly sql: string };
  /** An open loop: calls are sent at half of the peer's own peak, whether or not earlier ones have ended. */
  readonly openLoop?: boolean;
  /** echo takes part. */
  readonly withEcho?: boolean;
  /** Each server generates the id and the time of what it creates. */
  readonly creates?: boolean;
  /** By a column of the table: calls/s at least so many times the peer's, and of everything else at most. */
  readonly goals: Readonly<Record<string, number>>;
}

const LATENCY_GOAL = { 'latency × nest-prisma': 1 };
const READ_GOALS = { 'calls/s × pg': 1.25, 'calls/s × nest-prisma': 3, 'CPU × pg': 0.8 };
const LIST_GOALS = { 'calls/s × pg': 0.9, 'calls/s × nest-prisma': 1.2 };
const WRITE_GOALS = { 'calls/s × pg': 0.65, 'calls/s × nest-prisma': 1.1 };

const authors = (method: keyof typeof AuthorServiceService, goals: Operation['goals'], inFlight = 64) =>
  ({ service: 'author-service', method: AuthorServiceService[method], goals, inFlight }) as const;
const books = (method: keyof typeof BookServiceService, goals: Operation['goals'], inFlight = 64) =>
  ({ service: 'book-service', method: BookServiceService[method], goals, inFlight }) as const;

const randomAuthors = (change = '') => `SELECT id ${change} FROM authors ORDER BY random() LIMIT $1`;
const randomBooks = (change = '') => `SELECT id ${change} FROM books ORDER BY random() LIMIT $1`;
const firstPage = `SELECT 100 AS "pageSize", '' AS "pageToken" LIMIT $1`;
const authorsWith = (count: string) => `
  SELECT author_id AS "authorId", 0 AS "pageSize", '' AS "pageToken" FROM books
  GROUP BY author_id HAVING count(*) ${count} ORDER BY random() LIMIT $1`;
const bookOf = (authorId: string, table: string) => `
  SELECT ${authorId} AS "authorId", 'The Dispossessed' AS title, 1974 AS "publishedYear", '' AS "requestId"
  FROM ${table}`;
const insertAuthors = `
  INSERT INTO authors (id, name, email)
  SELECT id, 'Author', id || '@bench.example.com' FROM unnest($1::uuid[]) id`;

const reads = [
  { name: 'GetAuthor', ...authors('getAuthor', LATENCY_GOAL), requests: randomAuthors() },
  { name: 'GetBook', ...books('getBook', LATENCY_GOAL), requests: randomBooks() },
];

/** In the order of the report. The open loops are last: a process keeps the memory of calls that have piled up. */
export const operations: readonly Operation[] = [
  ...reads.flatMap((read) => [
    { ...read, name: `${read.name}, 64 in flight`, withEcho: true, goals: READ_GOALS },
    { ...read, name: `${read.name}, 1 in flight`, inFlight: 1 },
  ]),
  { name: 'ListAuthors, page of 100', ...authors('listAuthors', LIST_GOALS, 16), requests: firstPage },
  { name: 'ListBooks, page of 100', ...books('listBooks', LIST_GOALS, 16), requests: firstPage },
  { name: 'GetBooksByAuthor, 10 books', ...books('getBooksByAuthor', LIST_GOALS, 16), requests: authorsWith('<= 10') },
  { name: 'GetBooksByAuthor, all of many', ...books('getBooksByAuthor', LIST_GOALS, 4), requests: authorsWith('> 10') },
  {
    name: 'UpdateAuthor',
    ...authors('updateAuthor', WRITE_GOALS),
    requests: randomAuthors(`, 'Another name' AS name`),
  },
  { name: 'UpdateBook', ...books('updateBook', WRITE_GOALS), requests: randomBooks(', 1975 AS "publishedYear"') },
  {
    name: 'CreateBook, known author',
    ...books('createBook', { 'calls/s × pg': 1.3, 'calls/s × nest-prisma': 2 }),
    requests: bookOf('author_id', 'author_refs ORDER BY random() LIMIT $1'),
    creates: true,
  },
  {
    name: 'CreateBook, first of its author',
    ...books('createBook', { 'calls/s × pg': 0.8 }),
    requests: bookOf('uuidv7()', 'generate_series(1, $1)'),
    callsPerRound: 1500,
    rows: { into: 'author-service', idField: 'authorId', sql: insertAuthors },
    creates: true,
  },
  {
    name: 'CreateAuthor',
    ...authors('createAuthor', WRITE_GOALS),
    requests: `
      SELECT 'Author' AS name, uuidv7() || '@bench.example.com' AS email, '' AS "requestId"
      FROM generate_series(1, $1)`,
    callsPerRound: 4000,
    creates: true,
  },
  {
    name: 'DeleteBook',
    ...books('deleteBook', WRITE_GOALS),
    requests: 'SELECT uuidv7() AS id FROM generate_series(1, $1)',
    callsPerRound: 4000,
    rows: {
      into: 'book-service',
      idField: 'id',
      sql: `
        INSERT INTO books (id, title, author_id, published_year)
        SELECT id, 'Book', (SELECT author_id FROM author_refs WHERE live LIMIT 1), 1974 FROM unnest($1::uuid[]) id`,
    },
  },
  {
    name: 'DeleteAuthor',
    ...authors('deleteAuthor', { 'calls/s × pg': 0.7 }),
    requests: 'SELECT uuidv7() AS id, false AS force FROM generate_series(1, $1)',
    callsPerRound: 800,
    rows: { into: 'author-service', idField: 'id', sql: insertAuthors },
  },
  ...reads.map((read) => ({ ...read, name: `${read.name}, open loop`, openLoop: true })),
];
