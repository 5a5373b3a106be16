import { randomUUID } from 'node:crypto';
import {
  AuthorReferenceServiceClient,
  AuthorReferenceServiceService,
  AuthorServiceClient,
  AuthorServiceService,
  BookServiceService,
  CloseAuthorOutcome,
  type CloseAuthorRequest,
  type CloseAuthorResponse,
} from '@bookstore/proto';
import { credentials, type handleUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
import pg from 'pg';
import { listen } from './listen.js';

/**
 * pg: grpc-js and pg by hand, with named statements and a pool of the same size. No framework, no validation.
 * CreateBook checks for the author and then inserts; DeleteAuthor follows the bookstore's protocol.
 */

// As many connections as the bookstore has. They stay open while other contenders are measured.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 60_000 });

let statements = 0;
/** A named statement: parsed once for each connection. */
function statement(text: string) {
  const name = `s${statements++}`;
  return async (values: unknown[], client: pg.Pool | pg.PoolClient = pool) =>
    (await client.query({ name, text, values })).rows;
}

const handle =
  // biome-ignore lint/suspicious/noExplicitAny: one helper for all messages
    <Req, Res>(work: (request: Req) => Promise<Res>): handleUnaryCall<any, any> =>
    (call, callback) => {
      work(call.request).then(
        (response) => callback(null, response),
        (error) => callback(error.code in status ? error : { code: status.INTERNAL, details: 'internal error' }),
      );
    };

const notFound = (): Partial<ServiceError> => ({ code: status.NOT_FOUND, details: 'not found' });
const one = <T>([row]: T[]): T => {
  if (!row) throw notFound();
  return row;
};
const withTime = <T extends { createdAt: Date }>(row: T) => ({ ...row, createdAt: row.createdAt.toISOString() });
const limitOf = (pageSize: number) => (pageSize > 0 ? pageSize + 1 : 20_000);
const first = '00000000-0000-0000-0000-000000000000';
const page = <T extends { id: string; createdAt: Date }>(rows: T[], pageSize: number) => {
  const full = pageSize > 0 && rows.length > pageSize;
  if (full) rows.pop();
  return { items: rows.map(withTime), nextPageToken: full ? (rows.at(-1)?.id ?? '') : '' };
};

const AUTHOR = 'id, name, email, created_at AS "createdAt"';
const findAuthor = statement(`SELECT ${AUTHOR} FROM authors WHERE id = $1`);
const insertAuthor = statement(`INSERT INTO authors (name, email) VALUES ($1, $2) RETURNING ${AUTHOR}`);
const updateAuthor = statement(
  'UPDATE authors SET name = coalesce($2, name), email = coalesce($3, email) WHERE id = $1 RETURNING id',
);
const listAuthors = statement(`SELECT ${AUTHOR} FROM authors WHERE id > $1 ORDER BY id LIMIT $2`);
const markAuthor = statement(`UPDATE authors SET state = 'DELETING', delete_op_id = $2, delete_force = $3,
  delete_next_try_at = now() + interval '3 seconds' WHERE id = $1 AND state = 'ACTIVE' RETURNING id`);
const removeAuthor = statement('DELETE FROM authors WHERE id = $1 AND delete_op_id = $2');

function authorService() {
  const books = new AuthorReferenceServiceClient(process.env.BOOK_SERVICE_ADDRESS ?? '', credentials.createInsecure());
  const close = (request: CloseAuthorRequest) =>
    new Promise<CloseAuthorResponse>((resolve, reject) =>
      books.closeAuthor(request, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  return {
    getAuthor: handle(async ({ id }: { id: string }) => withTime(one(await findAuthor([id])))),
    createAuthor: handle(async ({ name, email }: { name: string; email: string }) =>
      withTime(one(await insertAuthor([name, email]))),
    ),
    updateAuthor: handle(async ({ id, name, email }: { id: string; name?: string; email?: string }) => {
      one(await updateAuthor([id, name, email]));
      return { success: true, message: `author ${id} updated` };
    }),
    deleteAuthor: handle(async ({ id, force }: { id: string; force: boolean }) => {
      const opId = randomUUID();
      one(await markAuthor([id, opId, force]));
      await close({ opId, authorId: id, force });
      await removeAuthor([id, opId]);
      return { success: true, message: `author ${id} deleted` };
    }),
    listAuthors: handle(async ({ pageSize, pageToken }: { pageSize: number; pageToken: string }) => {
      const { items, nextPageToken } = page(await listAuthors([pageToken || first, limitOf(pageSize)]), pageSize);
      return { authors: items, nextPageToken };
    }),
  };
}

const BOOK = 'id, title, author_id AS "authorId", published_year AS "publishedYear", created_at AS "createdAt"';
const findBook = statement(`SELECT ${BOOK} FROM books WHERE id = $1`);
const insertBook = statement(
  `INSERT INTO books (title, author_id, published_year) VALUES ($1, $2, $3) RETURNING ${BOOK}`,
);
const updateBook = statement(
  'UPDATE books SET title = coalesce($2, title), published_year = coalesce($3, published_year) WHERE id = $1 RETURNING id',
);
const removeBook = statement('DELETE FROM books WHERE id = $1 RETURNING id');
const listBooks = statement(`SELECT ${BOOK} FROM books WHERE id > $1 ORDER BY id LIMIT $2`);
const listByAuthor = statement(`SELECT ${BOOK} FROM books WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3`);
const bury = statement('INSERT INTO author_refs (author_id, live) VALUES ($1, false) ON CONFLICT DO NOTHING');
const lock = statement('SELECT live FROM author_refs WHERE author_id = $1 FOR UPDATE');
const findClosing = statement('SELECT outcome, book_count FROM author_closings WHERE op_id = $1');
const countBooks = statement('SELECT count(*)::int AS count FROM books WHERE author_id = $1');
const removeBooks = statement('DELETE FROM books WHERE author_id = $1');
const closeRef = statement('UPDATE author_refs SET live = false WHERE author_id = $1 AND live');
const storeClosing = statement(`INSERT INTO author_closings (op_id, author_id, force, outcome, book_count)
  VALUES ($1, $2, $3, 'CLOSED', $4)`);

function bookService() {
  const authors = new AuthorServiceClient(process.env.AUTHOR_SERVICE_ADDRESS ?? '', credentials.createInsecure());
  const requireAuthor = (id: string) =>
    new Promise<void>((resolve, reject) => authors.getAuthor({ id }, (error) => (error ? reject(error) : resolve())));
  return {
    getBook: handle(async ({ id }: { id: string }) => withTime(one(await findBook([id])))),
    createBook: handle(async (book: { title: string; authorId: string; publishedYear: number }) => {
      await requireAuthor(book.authorId);
      return withTime(one(await insertBook([book.title, book.authorId, book.publishedYear])));
    }),
    updateBook: handle(async ({ id, title, publishedYear }: { id: string; title?: string; publishedYear?: number }) => {
      one(await updateBook([id, title, publishedYear]));
      return { success: true, message: `book ${id} updated` };
    }),
    deleteBook: handle(async ({ id }: { id: string }) => {
      one(await removeBook([id]));
      return { success: true, message: `book ${id} deleted` };
    }),
    listBooks: handle(async ({ pageSize, pageToken }: { pageSize: number; pageToken: string }) => {
      const { items, nextPageToken } = page(await listBooks([pageToken || first, limitOf(pageSize)]), pageSize);
      return { books: items, nextPageToken };
    }),
    getBooksByAuthor: handle(async (request: { authorId: string; pageSize: number; pageToken: string }) => {
      const { authorId, pageSize, pageToken } = request;
      const rows = await listByAuthor([authorId, pageToken || first, limitOf(pageSize)]);
      const { items, nextPageToken } = page(rows, pageSize);
      return { books: items, nextPageToken };
    }),
  };
}

async function closeAuthor({ opId, authorId, force }: CloseAuthorRequest): Promise<CloseAuthorResponse> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await bury([authorId], client);
    await lock([authorId], client);
    await findClosing([opId], client);
    const { count } = one(await countBooks([authorId], client));
    if (count > 0) await removeBooks([authorId], client);
    await closeRef([authorId], client);
    await storeClosing([opId, authorId, force, count], client);
    await client.query('COMMIT');
    return { outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED, bookCount: count };
  } finally {
    client.release();
  }
}

if (process.env.SERVICE === 'author-service') {
  listen([[AuthorServiceService, authorService()]]);
} else {
  listen([
    [BookServiceService, bookService()],
    [AuthorReferenceServiceService, { closeAuthor: handle(closeAuthor) }],
  ]);
}
