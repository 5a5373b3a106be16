import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { anybody, type Books, newBook, nobody, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  // Here statements wait for locks as long as the test wants them to.
  books = await startBooks({ DATABASE_STATEMENT_TIMEOUT_MS: '10000' });
});
afterAll(() => books?.stop());
beforeEach(() => {
  books.directory.answer = anybody;
});

const sql = (text: string, ...values: unknown[]) => books.database.query(text, values);

async function knownAuthor(): Promise<string> {
  const authorId = randomUUID();
  await sql('INSERT INTO author_refs (author_id) VALUES ($1)', authorId);
  return authorId;
}

/** New books of this author, told apart by their titles. */
const booksOf = (authorId: string, count = 20) =>
  Array.from({ length: count }, (_, n) => newBook({ authorId, title: `"Book" {${n}} \\ — 本, NULL` }));

test('many new ones at once are each answered with their own book', async () => {
  const authorId = await knownAuthor();
  const given = booksOf(authorId, 50);
  const created = await Promise.all(given.map((book) => books.api.createBook(book)));

  expect(created).toMatchObject(given);
  for (const book of created) expect(await books.api.getBook({ id: book.id })).toEqual(book);
});

test('each new one has an answer of its own, whatever becomes of the others', async () => {
  const [authorId, unknown, missing, closed] = [await knownAuthor(), randomUUID(), randomUUID(), randomUUID()];
  await books.references.closeAuthor({ opId: randomUUID(), authorId: closed });
  books.directory.answer = (request) => (request.id === missing ? nobody() : anybody(request));
  const [repeated, reused] = [randomUUID(), randomUUID()];
  const known = await books.api.createBook(newBook({ authorId, requestId: repeated }));
  await books.api.createBook(newBook({ authorId, requestId: reused }));

  const [made, asked, refused, late, again, other] = await Promise.all([
    Promise.all(booksOf(authorId).map((book) => books.api.createBook(book))),
    books.api.createBook(newBook({ authorId: unknown })),
    failureOf(books.api.createBook(newBook({ authorId: missing }))),
    failureOf(books.api.createBook(newBook({ authorId: closed }))),
    books.api.createBook(newBook({ authorId, requestId: repeated })),
    failureOf(books.api.createBook(newBook({ authorId, requestId: reused, title: 'Other' }))),
  ]);
  expect(new Set(made.map(({ id }) => id)).size).toBe(20);
  expect(asked).toMatchObject({ authorId: unknown });
  for (const failure of [refused, late])
    expect(failure).toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
  expect(again).toEqual(known);
  expect(other).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'REQUEST_ID_REUSED' });
});

test('an author who is just being closed holds up no books but their own', async () => {
  const [locked, other] = [await knownAuthor(), await knownAuthor()];
  const client = await books.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM author_refs WHERE author_id = $1 FOR UPDATE', [locked]);
    const waiting = books.api.createBook(newBook({ authorId: locked }));
    const given = booksOf(other);
    expect(await Promise.all(given.map((book) => books.api.createBook(book)))).toMatchObject(given);

    await client.query('ROLLBACK');
    expect(await waiting).toMatchObject({ authorId: locked });
  } finally {
    client.release();
  }
});

test('what the database refuses one of them for is not held against the others', async () => {
  await sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'refused' USING ERRCODE = 'data_exception'; END $$`);
  await sql(
    `CREATE TRIGGER refuse BEFORE INSERT ON books FOR EACH ROW WHEN (NEW.title = 'refused') EXECUTE FUNCTION refuse()`,
  );
  try {
    const authorId = await knownAuthor();
    const given = booksOf(authorId);
    const [failure, ...created] = await Promise.all([
      failureOf(books.api.createBook(newBook({ authorId, title: 'refused' }))),
      ...given.map((book) => books.api.createBook(book)),
    ]);
    expect(failure).toMatchObject({ code: 'INTERNAL' });
    expect(created).toMatchObject(given);
    expect((await books.api.getBooksByAuthor({ authorId })).books).toHaveLength(given.length);
  } finally {
    await sql('DROP TRIGGER refuse ON books');
    await sql('DROP FUNCTION refuse');
  }
});

/** So many books of an author of their own, made by the test. */
async function existingBooks(count: number) {
  const authorId = await knownAuthor();
  const { rows } = await sql(
    `INSERT INTO books (title, author_id, published_year) SELECT 'x', $1, 1 FROM generate_series(1, $2::int) RETURNING id`,
    authorId,
    count,
  );
  return { authorId, ids: rows.map(({ id }) => id as string) };
}

test('many updates at once each change their own book, and no more than they name', async () => {
  const { ids } = await existingBooks(50);
  const missing = [randomUUID(), randomUUID()].map((id) => failureOf(books.api.updateBook({ id, title: 'y' })));
  const updates = ids.map((id, n) =>
    books.api.updateBook(n % 2 ? { id, title: `title ${n}` } : { id, publishedYear: -n || 2 }),
  );
  for (const answer of await Promise.all(updates)) expect(answer.success).toBe(true);

  for (const failure of await Promise.all(missing)) expect(failure).toMatchObject({ reason: 'BOOK_NOT_FOUND' });
  for (const [n, id] of ids.entries()) {
    const changed = n % 2 ? { title: `title ${n}`, publishedYear: 1 } : { title: 'x', publishedYear: -n || 2 };
    expect(await books.api.getBook({ id })).toMatchObject(changed);
  }
});

test('many updates of one book are all made, one after the other', async () => {
  const { ids } = await existingBooks(1);
  const [id = ''] = ids;
  const titles = Array.from({ length: 20 }, (_, n) => `title ${n}`);
  await Promise.all([
    ...titles.map((title) => books.api.updateBook({ id, title })),
    ...titles.map((_, n) => books.api.updateBook({ id, publishedYear: 1900 + n })),
  ]);
  const { title, publishedYear } = await books.api.getBook({ id });
  expect(titles).toContain(title);
  expect(publishedYear).toBeGreaterThanOrEqual(1900);
});

test('a book that many delete at once is deleted by one of them', async () => {
  const { authorId, ids } = await existingBooks(20);
  const answers = await Promise.allSettled([...ids, ...ids, ...ids].map((id) => books.api.deleteBook({ id })));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(ids.length);
  for (const answer of answers) {
    if (answer.status === 'rejected') expect(answer.reason.details).toContain('no book has the id');
  }
  expect((await books.api.getBooksByAuthor({ authorId })).books).toEqual([]);
});

test('a book that somebody else has locked holds up no update and no deletion but its own', async () => {
  const { ids } = await existingBooks(20);
  const [locked = '', doomed = '', ...others] = ids;
  const client = await books.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM books WHERE id IN ($1, $2) FOR UPDATE', [locked, doomed]);
    const waiting = [books.api.updateBook({ id: locked, title: 'late' }), books.api.deleteBook({ id: doomed })];
    await Promise.all(
      others.map((id, n) => (n % 2 ? books.api.updateBook({ id, title: 'y' }) : books.api.deleteBook({ id }))),
    );

    await client.query('ROLLBACK');
    await Promise.all(waiting);
    expect(await books.api.getBook({ id: locked })).toMatchObject({ title: 'late' });
    expect(await failureOf(books.api.getBook({ id: doomed }))).toMatchObject({ reason: 'BOOK_NOT_FOUND' });
  } finally {
    client.release();
  }
});
