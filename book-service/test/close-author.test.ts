import { randomUUID } from 'node:crypto';
import { CloseAuthorOutcome } from '@bookstore/proto';
import { failureOf } from '@bookstore/sandbox/testing';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  // Here statements wait for locks as long as the test wants them to.
  books = await startBooks({ DATABASE_STATEMENT_TIMEOUT_MS: '10000' });
});
afterAll(() => books?.stop());

const closed = (bookCount: number) => ({ outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED, bookCount });
const hasBooks = (bookCount: number) => ({ outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_HAS_BOOKS, bookCount });
const close = (authorId: string, { opId = randomUUID() as string, force = false } = {}) =>
  books.references.closeAuthor({ opId, authorId, force });

async function authorWithBooks(count: number): Promise<string> {
  const { authorId } = newBook();
  for (let i = 0; i < count; i++) await books.api.createBook(newBook({ authorId }));
  return authorId;
}

async function bookCountOf(authorId: string): Promise<number> {
  return (await books.database.query('SELECT FROM books WHERE author_id = $1', [authorId])).rowCount ?? 0;
}

/** A connection of the test's own, within a transaction that ends at the latest with the test. */
async function transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await books.database.connect();
  try {
    await client.query('BEGIN');
    return await work(client);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** Until so many statements wait for a lock in this database. */
const untilWaiting = (count: number) =>
  expect
    .poll(
      async () =>
        (
          await books.database.query(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
        ).rowCount,
    )
    .toBe(count);

const lock = 'SELECT FROM author_refs WHERE author_id = $1 FOR UPDATE';

describe('an author', () => {
  test('nobody knew is closed', async () => {
    expect(await close(randomUUID())).toEqual(closed(0));
  });

  test('without books any more is closed', async () => {
    const authorId = await authorWithBooks(1);
    const [book] = (await books.api.getBooksByAuthor({ authorId })).books;
    await books.api.deleteBook({ id: book?.id ?? '' });
    expect(await close(authorId)).toEqual(closed(0));
  });

  test('with books is not, and takes more', async () => {
    const authorId = await authorWithBooks(2);
    expect(await close(authorId)).toEqual(hasBooks(2));
    await books.api.createBook(newBook({ authorId }));
    expect(await bookCountOf(authorId)).toBe(3);
  });

  test('with books is closed by force, and they are gone; those of others stay', async () => {
    const [authorId, other] = [await authorWithBooks(3), await authorWithBooks(1)];
    expect(await close(authorId, { force: true })).toEqual(closed(3));
    expect([await bookCountOf(authorId), await bookCountOf(other)]).toEqual([0, 1]);
  });

  test('who is closed already is closed by another operation, too', async () => {
    const authorId = randomUUID();
    await close(authorId);
    expect(await close(authorId)).toEqual(closed(0));
  });
});

describe('the same operation gets the same answer', () => {
  test('HAS_BOOKS, though the books have gone since', async () => {
    const authorId = await authorWithBooks(1);
    const opId = randomUUID();
    expect(await close(authorId, { opId })).toEqual(hasBooks(1));
    await books.database.query('DELETE FROM books WHERE author_id = $1', [authorId]);

    expect(await close(authorId, { opId })).toEqual(hasBooks(1));
    expect(await close(authorId, { opId, force: true })).toEqual(hasBooks(1));
    await books.api.createBook(newBook({ authorId }));
  });

  test('CLOSED, with the count of the books that it deleted', async () => {
    const authorId = await authorWithBooks(2);
    const opId = randomUUID();
    for (let i = 0; i < 3; i++) expect(await close(authorId, { opId, force: true })).toEqual(closed(2));
  });

  test('when many ask at once', async () => {
    const authorId = await authorWithBooks(2);
    const opId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => close(authorId, { opId, force: true })));
    expect(answers).toEqual(Array(10).fill(closed(2)));
  });
});

test('a late duplicate of an operation that was refused does not close the author', async () => {
  const authorId = await authorWithBooks(1);
  const opId = randomUUID();
  const answers = await transaction(async (holder) => {
    await holder.query(lock, [authorId]);
    const first = close(authorId, { opId });
    await untilWaiting(1);
    // Next in the queue: the author's only book goes.
    const bookGoes = transaction(async (client) => {
      await client.query(lock, [authorId]);
      await client.query('DELETE FROM books WHERE author_id = $1', [authorId]);
      await client.query('COMMIT');
    });
    await untilWaiting(2);
    const duplicate = close(authorId, { opId });
    await untilWaiting(3);

    await holder.query('COMMIT');
    await bookGoes;
    return Promise.all([first, duplicate]);
  });
  expect(answers).toEqual([hasBooks(1), hasBooks(1)]);
  await books.api.createBook(newBook({ authorId }));
});

describe('a book that is being made', () => {
  /** What CreateBook's statement does, while its transaction is still open. */
  const insertBook = (client: pg.PoolClient, authorId: string) =>
    client.query("INSERT INTO books (title, author_id, published_year) VALUES ('x', $1, 1)", [authorId]);

  /** The outcome of a closing that begins while a book is being inserted, and waits for it. */
  async function closedDuringInsert(client: pg.PoolClient, authorId: string, options?: Parameters<typeof close>[1]) {
    await insertBook(client, authorId);
    const closing = close(authorId, options);
    await untilWaiting(1);
    await client.query('COMMIT');
    return closing;
  }

  test('is counted by a closing that waited for it', async () => {
    const authorId = await authorWithBooks(0);
    await books.database.query('INSERT INTO author_refs (author_id) VALUES ($1)', [authorId]);
    const answer = await transaction((client) => closedDuringInsert(client, authorId));
    expect(answer).toEqual(hasBooks(1));
  });

  test('is deleted by a forced closing that waited for it', async () => {
    const authorId = await authorWithBooks(1);
    const answer = await transaction((client) => closedDuringInsert(client, authorId, { force: true }));
    expect(answer).toEqual(closed(2));
    expect(await bookCountOf(authorId)).toBe(0);
  });

  test('is counted, though its author became known only with it', async () => {
    const authorId = randomUUID();
    const answer = await transaction(async (client) => {
      await client.query('INSERT INTO author_refs (author_id) VALUES ($1)', [authorId]);
      return closedDuringInsert(client, authorId);
    });
    expect(answer).toEqual(hasBooks(1));
  });

  test('waits for a closing that came first, and is refused', async () => {
    const authorId = await authorWithBooks(0);
    await books.database.query('INSERT INTO author_refs (author_id) VALUES ($1)', [authorId]);
    const created = await transaction(async (client) => {
      await client.query(lock, [authorId]);
      const creating = failureOf(books.api.createBook(newBook({ authorId })));
      await untilWaiting(1);
      await client.query('UPDATE author_refs SET live = false WHERE author_id = $1', [authorId]);
      await client.query('COMMIT');
      return creating;
    });
    expect(created).toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
  });
});

describe.each([
  ['known to', true],
  ['new to', false],
])('hundreds of closings and books at once, of authors %s the book service,', (_how, known) => {
  test.each([false, true])('leave no book without its author (force %s)', async (force) => {
    const rounds = Array.from({ length: 30 }, () => randomUUID());
    if (known) {
      await books.database.query('INSERT INTO author_refs (author_id) SELECT unnest($1::uuid[])', [rounds]);
    }
    for (let i = 0; i < rounds.length; i += 15) {
      await Promise.all(
        rounds.slice(i, i + 15).map(async (authorId, n) => {
          const create = () =>
            books.api.createBook(newBook({ authorId })).then(
              () => 'created',
              (error) => failureOf(Promise.reject(error)).then(({ reason }) => reason),
            );
          // Either may be first on the way.
          const early = n % 2 ? create() : undefined;
          const closing = close(authorId, { force });
          const late = create();
          const outcomes = [await early, await late];
          const made = outcomes.filter((outcome) => outcome === 'created').length;
          const { outcome, bookCount } = await closing;
          const isClosed = outcome === CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED;
          expect(await bookCountOf(authorId)).toBe(isClosed ? 0 : made);
          if (isClosed) expect(bookCount).toBe(made);
          else expect(bookCount).toBeGreaterThan(0);
          expect(isClosed || !force).toBe(true);
        }),
      );
    }
    const { rowCount: orphans } = await books.database.query(
      'SELECT FROM books LEFT JOIN author_refs USING (author_id) WHERE live IS NOT TRUE',
    );
    expect(orphans).toBe(0);
  });
});

test('every bad field is named at once', async () => {
  expect(await failureOf(books.references.closeAuthor({ opId: 'x' }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    fields: { op_id: 'must be a UUID', author_id: 'is required' },
  });
});
