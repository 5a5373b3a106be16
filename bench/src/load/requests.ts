import { randomUUID } from 'node:crypto';
import type { DatabaseUrls, ServiceName } from './contenders.js';
import { query } from './database.js';

/** What the contenders are asked: all of them the same. */
export interface Requests {
  /** Makes up to so many; ids are those of the data that all have copies of. */
  make(originals: DatabaseUrls, count: number): Promise<object[]>;
  /** What a contender's own databases must have for these, as a statement. */
  readonly rowsFor?: { readonly service: ServiceName; insert(requests: readonly object[]): string };
}

const DATABASE_OF = { authors: 'author-service', books: 'book-service', author_refs: 'book-service' } as const;

/** From a column of a table, in no order. */
const someOf = (table: keyof typeof DATABASE_OF, column: string, shape: (id: string) => object): Requests => ({
  make: async (originals, count) => {
    const sql = `SELECT ${column} AS id FROM ${table} ORDER BY random() LIMIT ${count}`;
    return (await query<{ id: string }>(originals[DATABASE_OF[table]], sql)).map(({ id }) => shape(id));
  },
});

export const anyAuthor = (shape: (id: string) => object) => someOf('authors', 'id', shape);
export const anyBook = (shape: (id: string) => object) => someOf('books', 'id', shape);

export const newBook = someOf('author_refs', 'author_id', (authorId) => ({
  title: 'The Dispossessed',
  authorId,
  publishedYear: 1974,
  requestId: '',
}));

export const newAuthor: Requests = {
  make: async (_, count) =>
    Array.from({ length: count }, () => ({
      name: 'Author',
      email: `${randomUUID()}@bench.example.com`,
      requestId: '',
    })),
};

/** Ids that nothing has yet, in the order in which PostgreSQL would have made them. */
const newIds = async (originals: DatabaseUrls, count: number) =>
  await query<{ id: string }>(originals['book-service'], `SELECT uuidv7() AS id FROM generate_series(1, ${count})`);

const idsOf = (requests: readonly object[]) => (requests as { id: string }[]).map(({ id }) => `'${id}'`).join();

/** Rows that are there for the round alone, to be deleted in it. */
export const existingAuthor: Requests = {
  make: async (originals, count) => (await newIds(originals, count)).map(({ id }) => ({ id, force: false })),
  rowsFor: {
    service: 'author-service',
    insert: (requests) =>
      `INSERT INTO authors (id, name, email) SELECT id, 'Author', id || '@bench.example.com'
       FROM unnest(ARRAY[${idsOf(requests)}]::uuid[]) id`,
  },
};
export const existingBook: Requests = {
  make: async (originals, count) => (await newIds(originals, count)).map(({ id }) => ({ id })),
  rowsFor: {
    service: 'book-service',
    insert: (requests) =>
      `INSERT INTO books (id, title, author_id, published_year)
       SELECT id, 'Book', (SELECT author_id FROM author_refs WHERE live LIMIT 1), 1974
       FROM unnest(ARRAY[${idsOf(requests)}]::uuid[]) id`,
  },
};

/** Authors with so many books. */
export const authorsOfSize = (books: number): Requests => ({
  make: async (originals, count) => {
    const sql = `SELECT author_id AS "authorId" FROM books GROUP BY author_id HAVING count(*) = ${books} LIMIT ${count}`;
    const authors = await query<{ authorId: string }>(originals['book-service'], sql);
    return authors.map((author) => ({ ...author, pageSize: 0, pageToken: '' }));
  },
});

/** A page of 100, counted from 1; its token is the id of the last book on the page before. */
export const pageOfBooks = (page: number): Requests => ({
  make: async (originals) => {
    if (page === 1) return [{ pageSize: 100, pageToken: '' }];
    const sql = `SELECT id FROM books ORDER BY id LIMIT 1 OFFSET ${(page - 1) * 100 - 1}`;
    const [last] = await query<{ id: string }>(originals['book-service'], sql);
    return [{ pageSize: 100, pageToken: last?.id }];
  },
});

export const allBooks: Requests = { make: async () => [{ pageSize: 0, pageToken: '' }] };
