import { randomUUID } from 'node:crypto';
import { encodePageToken } from '@bookstore/service-kit';
import type { Contender, ContenderName, ServiceName } from './contenders.js';
import { query } from './prepare-data.js';

/** What the bookstore is to reach against a peer: a ratio of medians. */
export interface Goal {
  readonly of: 'calls/s' | 'CPU' | 'p50' | 'p99';
  readonly against: ContenderName;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One thing that clients do, and how it is measured. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceName;
  readonly method: string;
  readonly contenders: readonly ContenderName[];
  readonly inFlight: number;
  /** The requests of a round: sent in turn, again and again, or once each where `once` is set. */
  requests(contender: Contender, count: number): Promise<readonly object[]>;
  /** Most calls of a round, each with a request of its own; a round without ends by its time. */
  readonly once?: number;
  /** Part of the peak that an open loop sends at; a closed loop without. */
  readonly ofPeak?: number;
  /** Left out where there are more books: the whole list is then no longer one answer. */
  readonly mostBooks?: number;
  /** Answers are the same as the peers'. */
  readonly comparable: boolean;
  readonly goals: readonly Goal[];
}

const AUTHORS = 'author-service';
const BOOKS = 'book-service';
const atLeast = (against: ContenderName, ratio: number): Goal => ({ of: 'calls/s', against, atLeast: ratio });

const idsFrom =
  (service: ServiceName, sql: (count: number) => string, shape: (id: string) => object) =>
  async ({ databases }: Contender, count: number) =>
    (await query<{ id: string }>(databases[service], [sql(count)])).map(({ id }) => shape(id));

const someOf = (table: string) => (count: number) => `SELECT id FROM ${table} ORDER BY random() LIMIT ${count}`;
const byId = (id: string) => ({ id });
const anyAuthor = idsFrom(AUTHORS, someOf('authors'), byId);
const anyBook = idsFrom(BOOKS, someOf('books'), byId);

/** Rows that exist for the round alone, to be deleted by it. */
const newAuthors = idsFrom(
  AUTHORS,
  (count) => `INSERT INTO authors (name, email) SELECT 'Author ' || n, gen_random_uuid() || '@bench.example.com'
    FROM generate_series(1, ${count}) n RETURNING id`,
  (id) => ({ id, force: false }),
);
const newBooks = idsFrom(
  BOOKS,
  (count) => `INSERT INTO books (title, author_id, published_year) SELECT 'Book ' || n,
    (SELECT author_id FROM author_refs WHERE live LIMIT 1), 1974 FROM generate_series(1, ${count}) n RETURNING id`,
  byId,
);
const authorsOfBooks = idsFrom(
  BOOKS,
  (count) => `SELECT author_id AS id FROM author_refs WHERE live ORDER BY random() LIMIT ${count}`,
  (authorId) => ({ title: 'The Dispossessed', authorId, publishedYear: 1974 }),
);
const authorWith = (books: number) =>
  idsFrom(
    BOOKS,
    () =>
      `SELECT author_id AS id FROM books GROUP BY author_id HAVING count(*) <= ${books} ORDER BY count(*) DESC LIMIT 1`,
    (authorId) => ({ authorId, pageSize: 0, pageToken: '' }),
  );
/** Each has tokens of its own for the same page. */
const lastPage = async ({ name, databases }: Contender) => {
  const sql = 'SELECT id FROM books ORDER BY id DESC OFFSET 100 LIMIT 1';
  const [before] = await query<{ id: string }>(databases[BOOKS], [sql]);
  const id = before?.id ?? '';
  return [{ pageSize: 100, pageToken: name === 'B' ? id : encodePageToken('ListBooks', id) }];
};
const madeUp = (shape: () => object) => async (_: Contender, count: number) => Array.from({ length: count }, shape);

/** What is measured, in the order of the report. */
export const operations: readonly Operation[] = [
  ...(
    [
      ['GetAuthor', AUTHORS, 'author.v1.AuthorService.GetAuthor', anyAuthor],
      ['GetBook', BOOKS, 'book.v1.BookService.GetBook', anyBook],
    ] as const
  ).flatMap(([name, service, method, requests]): Operation[] => [
    {
      ...{ name: `${name}, 64 in flight`, service, method, requests, inFlight: 64, comparable: true },
      contenders: ['E', 'B', 'N', 'bookstore'],
      goals: [atLeast('B', 1.5), atLeast('E', 0.85), atLeast('N', 3), { of: 'CPU', against: 'B', atMost: 0.65 }],
    },
    {
      ...{ name: `${name}, 1 in flight`, service, method, requests, inFlight: 1, comparable: true },
      contenders: ['B', 'bookstore'],
      goals: [{ of: 'p50', against: 'B', atMost: 1.1 }],
    },
    {
      ...{ name: `${name}, open loop at half its peak`, service, method, requests, inFlight: 256, comparable: true },
      contenders: ['B', 'bookstore'],
      ofPeak: 0.5,
      goals: [{ of: 'p99', against: 'B', atMost: 1.3 }],
    },
  ]),
  {
    ...{ name: 'CreateBook, known author', service: BOOKS, method: 'book.v1.BookService.CreateBook', inFlight: 64 },
    contenders: ['B', 'N', 'bookstore'],
    requests: authorsOfBooks,
    comparable: false,
    goals: [atLeast('B', 2), atLeast('N', 3)],
  },
  {
    ...{ name: 'CreateAuthor', service: AUTHORS, method: 'author.v1.AuthorService.CreateAuthor', inFlight: 64 },
    contenders: ['B', 'bookstore'],
    requests: madeUp(() => ({ name: 'Author', email: `${randomUUID()}@bench.example.com` })),
    once: 20_000,
    comparable: false,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'UpdateAuthor', service: AUTHORS, method: 'author.v1.AuthorService.UpdateAuthor', inFlight: 64 },
    contenders: ['B', 'bookstore'],
    requests: idsFrom(AUTHORS, someOf('authors'), (id) => ({ id, name: 'Another name' })),
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'UpdateBook', service: BOOKS, method: 'book.v1.BookService.UpdateBook', inFlight: 64 },
    contenders: ['B', 'bookstore'],
    requests: idsFrom(BOOKS, someOf('books'), (id) => ({ id, publishedYear: 1975 })),
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'DeleteBook', service: BOOKS, method: 'book.v1.BookService.DeleteBook', inFlight: 64 },
    contenders: ['B', 'bookstore'],
    requests: newBooks,
    once: 20_000,
    comparable: false,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'DeleteAuthor', service: AUTHORS, method: 'author.v1.AuthorService.DeleteAuthor', inFlight: 64 },
    contenders: ['B', 'bookstore'],
    requests: newAuthors,
    once: 4_000,
    comparable: false,
    goals: [atLeast('B', 0.8)],
  },
  {
    ...{ name: 'ListBooks, first page of 100', service: BOOKS, method: 'book.v1.BookService.ListBooks', inFlight: 16 },
    contenders: ['B', 'bookstore'],
    requests: async () => [{ pageSize: 100, pageToken: '' }],
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'ListBooks, last page of 100', service: BOOKS, method: 'book.v1.BookService.ListBooks', inFlight: 16 },
    contenders: ['B', 'bookstore'],
    requests: lastPage,
    comparable: false,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{
      name: 'ListBooks, whole at 10,000 books',
      service: BOOKS,
      method: 'book.v1.BookService.ListBooks',
      inFlight: 4,
    },
    contenders: ['B', 'bookstore'],
    requests: async () => [{ pageSize: 0, pageToken: '' }],
    mostBooks: 10_000,
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'GetBooksByAuthor, 10 books', service: BOOKS, method: 'book.v1.BookService.GetBooksByAuthor' },
    inFlight: 16,
    contenders: ['B', 'bookstore'],
    requests: authorWith(10),
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
  {
    ...{ name: 'GetBooksByAuthor, 10,000 books', service: BOOKS, method: 'book.v1.BookService.GetBooksByAuthor' },
    inFlight: 4,
    contenders: ['B', 'bookstore'],
    requests: authorWith(10_000),
    comparable: true,
    goals: [atLeast('B', 0.9)],
  },
];
