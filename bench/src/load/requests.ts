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

const aBook = { title: 'The Dispossessed', publishedYear: 1974, requestId: '' };

export const newBook = someOf('author_refs', 'author_id', (authorId) => ({ ...aBook, authorId }));

const pageAfter = (id: string) => ({ pageSize: 100, pageToken: id });

/** Pages of 100 from anywhere in the list; the token is the id of the item before. */
export const pageOfAuthors = anyAuthor(pageAfter);
export const pageOfBooks = anyBook(pageAfter);

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

const rowsOf = (requests: readonly object[], field: 'id' | 'authorId') => {
  const ids = (requests as { [name in typeof field]: string }[]).map((request) => `'${request[field]}'`);
  return `unnest(ARRAY[${ids.join()}]::uuid[]) id`;
};

const authorsFor = (field: 'id' | 'authorId'): NonNullable<Requests['rowsFor']> => ({
  service: 'author-service',
  insert: (requests) =>
    `INSERT INTO authors (id, name, email)
     SELECT id, 'Author', id || '@bench.example.com' FROM ${rowsOf(requests, field)}`,
});

/** Rows that are there for the round alone, to be deleted in it. */
export const existingAuthor: Requests = {
  make: async (originals, count) => (await newIds(originals, count)).map(({ id }) => ({ id, force: false })),
  rowsFor: authorsFor('id'),
};

/** For each request a new author. The book service has no reference to it yet. */
export const firstBook: Requests = {
  make: async (originals, count) => (await newIds(originals, count)).map(({ id }) => ({ ...aBook, authorId: id })),
  rowsFor: authorsFor('authorId'),
};

export const existingBook: Requests = {
  make: async (originals, count) => (await newIds(originals, count)).map(({ id }) => ({ id })),
  rowsFor: {
    service: 'book-service',
    insert: (requests) =>
      `INSERT INTO books (id, title, author_id, published_year)
       SELECT id, 'Book', (SELECT author_id FROM author_refs WHERE live LIMIT 1), 1974
       FROM ${rowsOf(requests, 'id')}`,
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
