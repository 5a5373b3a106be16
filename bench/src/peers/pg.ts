import { randomUUID } from 'node:crypto';
import * as proto from '@bookstore/proto';
import { credentials, type handleUnaryCall, status } from '@grpc/grpc-js';
import pg from 'pg';
import { listen } from './listen.js';

/**
 * pg: grpc-js and pg by hand, with named statements and a pool of the same size. No framework, no validation, no
 * request ids. CreateBook checks for the author and then inserts; DeleteAuthor follows the bookstore's protocol, without
 * its recovery.
 */

// As many connections as the bookstore has. They stay open while other peers are measured.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 60_000 });

let statements = 0;
/** A named statement: parsed once for each connection. */
function statement(text: string) {
  const name = `s${statements++}`;
  return async (values: unknown[], client: pg.Pool | pg.PoolClient = pool) =>
    (await client.query({ name, text, values })).rows;
}

const handle =
  <Req, Res>(work: (request: Req) => Promise<Res>): handleUnaryCall<Req, Res> =>
  (call, callback) => {
    work(call.request).then(
      (response) => callback(null, response),
      (error) => callback(error.code in status ? error : { code: status.INTERNAL, details: 'internal error' }),
    );
  };

function one<T>([row]: T[]): T {
  if (!row) throw { code: status.NOT_FOUND, details: 'not found' };
  return row;
}
const done = (message: string) => ({ success: true, message });
const withTime = <T extends { createdAt: Date }>(row: T) => ({ ...row, createdAt: row.createdAt.toISOString() });
const limitOf = (pageSize: number) => (pageSize > 0 ? pageSize + 1 : 20_000);
const first = '00000000-0000-0000-0000-000000000000';
function page<T extends { id: string; createdAt: Date }>(rows: T[], pageSize: number) {
  const full = pageSize > 0 && rows.length > pageSize;
  if (full) rows.pop();
  return { items: rows.map(withTime), nextPageToken: full ? (rows.at(-1)?.id ?? '') : '' };
}

const AUTHOR = 'id, name, email, created_at AS "createdAt"';
const findAuthor = statement(`SELECT ${AUTHOR} FROM authors WHERE id = $1`);
const insertAuthor = statement(`INSERT INTO authors (name, email) VALUES ($1, $2) RETURNING ${AUTHOR}`);
const updateAuthor = statement(
  'UPDATE authors SET name = coalesce($2, name), email = coalesce($3, email) WHERE id = $1 RETURNING id',
);
const listAuthors = statement(`SELECT ${AUTHOR} FROM authors WHERE id > $1 ORDER BY id LIMIT $2`);
const markAuthor = statement(`UPDATE authors SET state = 'DELETING', delete_op_id = $2, delete_force = $3,
  delete_next_try_at = now() + interval '3 seconds' WHERE id = $1 AND state = 'ACTIVE' RETURNING id`);
const unmarkAuthor = statement(`UPDATE authors SET state = 'ACTIVE', delete_op_id = NULL, delete_force = NULL,
  delete_next_try_at = NULL WHERE id = $1 AND delete_op_id = $2`);
const removeAuthor = statement('DELETE FROM authors WHERE id = $1 AND delete_op_id = $2');

function authorService(): proto.AuthorServiceServer {
  const books = new proto.AuthorReferenceServiceClient(
    process.env.BOOK_SERVICE_ADDRESS ?? '',
    credentials.createInsecure(),
  );
  const close = (request: proto.CloseAuthorRequest) =>
    new Promise<proto.CloseAuthorResponse>((resolve, reject) =>
      books.closeAuthor(request, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  return {
    getAuthor: handle(async ({ id }) => withTime(one(await findAuthor([id])))),
    createAuthor: handle(async ({ name, email }) => withTime(one(await insertAuthor([name, email])))),
    updateAuthor: handle(async ({ id, name, email }) => {
      one(await updateAuthor([id, name, email]));
      return done(`author ${id} updated`);
    }),
    deleteAuthor: handle(async ({ id, force }) => {
      const opId = randomUUID();
      one(await markAuthor([id, opId, force]));
      const { outcome, bookCount } = await close({ opId, authorId: id, force });
      if (outcome === proto.CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_HAS_BOOKS) {
        await unmarkAuthor([id, opId]);
        throw { code: status.FAILED_PRECONDITION, details: `the author has ${bookCount} books` };
      }
      await removeAuthor([id, opId]);
      return done(`author ${id} deleted`);
    }),
    listAuthors: handle(async ({ pageSize, pageToken }) => {
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

function bookService(): proto.BookServiceServer {
  const authors = new proto.AuthorServiceClient(process.env.AUTHOR_SERVICE_ADDRESS ?? '', credentials.createInsecure());
  const requireAuthor = (id: string) =>
    new Promise<void>((resolve, reject) => authors.getAuthor({ id }, (error) => (error ? reject(error) : resolve())));
  return {
    getBook: handle(async ({ id }) => withTime(one(await findBook([id])))),
    createBook: handle(async ({ title, authorId, publishedYear }) => {
      await requireAuthor(authorId);
      return withTime(one(await insertBook([title, authorId, publishedYear])));
    }),
    updateBook: handle(async ({ id, title, publishedYear }) => {
      one(await updateBook([id, title, publishedYear]));
      return done(`book ${id} updated`);
    }),
    deleteBook: handle(async ({ id }) => {
      one(await removeBook([id]));
      return done(`book ${id} deleted`);
    }),
    listBooks: handle(async ({ pageSize, pageToken }) => {
      const { items, nextPageToken } = page(await listBooks([pageToken || first, limitOf(pageSize)]), pageSize);
      return { books: items, nextPageToken };
    }),
    getBooksByAuthor: handle(async ({ authorId, pageSize, pageToken }) => {
      const rows = await listByAuthor([authorId, pageToken || first, limitOf(pageSize)]);
      if (rows.length === 0) await requireAuthor(authorId);
      const { items, nextPageToken } = page(rows, pageSize);
      return { books: items, nextPageToken };
    }),
  };
}

const bury = statement(
  'INSERT INTO author_refs (author_id, live) VALUES ($1, false) ON CONFLICT DO NOTHING RETURNING author_id',
);
const lock = statement('SELECT FROM author_refs WHERE author_id = $1 FOR UPDATE');
const findClosing = statement('SELECT outcome, book_count AS count FROM author_closings WHERE op_id = $1');
const countBooks = statement('SELECT count(*)::int AS count FROM books WHERE author_id = $1');
const removeBooks = statement('DELETE FROM books WHERE author_id = $1');
const closeRef = statement('UPDATE author_refs SET live = false WHERE author_id = $1 AND live');
const storeClosing = statement(
  'INSERT INTO author_closings (op_id, author_id, force, outcome, book_count) VALUES ($1, $2, $3, $4, $5)',
);

/** The same statements as the bookstore's. */
async function decide({ opId, authorId, force }: proto.CloseAuthorRequest, client: pg.PoolClient) {
  let decision: { outcome: 'CLOSED' | 'HAS_BOOKS'; count: number } = { outcome: 'CLOSED', count: 0 };
  // An author without a reference has no books and no closing.
  if ((await bury([authorId], client)).length === 0) {
    await lock([authorId], client);
    const [decided] = await findClosing([opId], client);
    if (decided) return decided as typeof decision;
    const { count } = one(await countBooks([authorId], client));
    decision = { outcome: count > 0 && !force ? 'HAS_BOOKS' : 'CLOSED', count };
    if (decision.outcome === 'CLOSED') {
      if (count > 0) await removeBooks([authorId], client);
      await closeRef([authorId], client);
    }
  }
  await storeClosing([opId, authorId, force, decision.outcome, decision.count], client);
  return decision;
}

const closings: proto.AuthorReferenceServiceServer = {
  closeAuthor: handle(async (request) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const { outcome, count } = await decide(request, client);
      await client.query('COMMIT');
      return { outcome: proto.CloseAuthorOutcome[`CLOSE_AUTHOR_OUTCOME_${outcome}`], bookCount: count };
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }),
};

if (process.env.SERVICE === 'author-service') listen([proto.AuthorServiceService, authorService()]);
else listen([proto.BookServiceService, bookService()], [proto.AuthorReferenceServiceService, closings]);
