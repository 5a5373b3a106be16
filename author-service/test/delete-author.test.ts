import { randomUUID } from 'node:crypto';
import { failureOf, refuse, silence } from '@bookstore/sandbox/testing';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authors, closed, hasBooks, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  // The recovery finishes no deletion here, however long the tests take.
  authors = await startAuthors({ DELETE_RECOVERY_INTERVAL_MS: '3600000' });
});
afterAll(() => authors?.stop());
beforeEach(() => {
  authors.shelf.answer = () => closed();
  authors.shelf.received.length = 0;
});

const create = () => authors.api.createAuthor(newAuthor());
const remove = (id: string, force = false) => authors.api.deleteAuthor({ id, force });

interface Mark {
  state: string;
  delete_op_id: string | null;
  delete_force: boolean | null;
}

async function markOf(id: string): Promise<Mark | undefined> {
  const { rows } = await authors.database.query<Mark>(
    'SELECT state, delete_op_id, delete_force FROM authors WHERE id = $1',
    [id],
  );
  return rows[0];
}

const ACTIVE = { state: 'ACTIVE', delete_op_id: null, delete_force: null };

/** An author whose deletion began, and who began it never learnt the outcome. */
async function beingDeleted(force = false) {
  const { id } = await create();
  authors.shelf.answer = refuse(status.UNAVAILABLE);
  expect(await failureOf(remove(id, force))).toMatchObject({ code: 'UNAVAILABLE', reason: 'DELETE_PENDING' });
  authors.shelf.answer = () => closed();
  authors.shelf.received.length = 0;
  const mark = await markOf(id);
  expect(mark).toMatchObject({ state: 'DELETING', delete_force: force });
  return { id, opId: mark?.delete_op_id };
}

const asked = () => authors.shelf.received.map(({ request }) => request);

test('an author without books is gone', async () => {
  const { id } = await create();
  expect(await remove(id)).toEqual({ success: true, message: expect.stringContaining(id) });

  expect(await failureOf(authors.api.getAuthor({ id }))).toMatchObject({ reason: 'AUTHOR_NOT_FOUND' });
  expect(await failureOf(remove(id))).toMatchObject({ reason: 'AUTHOR_NOT_FOUND' });
  expect(asked()).toEqual([{ opId: expect.any(String), authorId: id, force: false }]);
});

test('an author with books stays, and the caller learns how many there are', async () => {
  const author = await create();
  authors.shelf.answer = () => hasBooks(3);

  expect(await failureOf(remove(author.id))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'AUTHOR_HAS_BOOKS',
    domain: 'bookstore',
    metadata: { book_count: '3' },
  });
  expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
  expect(await markOf(author.id)).toEqual(ACTIVE);
});

test('force is passed on', async () => {
  const { id } = await create();
  authors.shelf.answer = ({ force }) => (force ? closed(3) : hasBooks(3));
  await remove(id, true);
  expect(asked()).toEqual([{ opId: expect.any(String), authorId: id, force: true }]);
});

test('the request id of the caller travels to the book service', async () => {
  const { id } = await create();
  await remove(id);
  expect(String(authors.shelf.received[0]?.metadata.get('x-request-id'))).toMatch(/^[0-9a-f-]{36}$/);
});

describe('the deletion is pending, and the author marked, when the book service', () => {
  test.each([
    ['says that it is unavailable', refuse(status.UNAVAILABLE)],
    ['fails', refuse(status.INTERNAL, 'SELECT secret FROM books')],
    ['does not know the method', refuse(status.UNIMPLEMENTED)],
    ['says nothing', silence],
    ['says what nobody understands', () => ({ outcome: 99, bookCount: 0 })],
    ['says nothing of the outcome', () => ({ outcome: 0, bookCount: 0 })],
  ])('%s', async (_how, answer) => {
    const { id } = await create();
    authors.shelf.answer = answer;
    const failure = await failureOf(remove(id));

    expect(failure).toMatchObject({ code: 'UNAVAILABLE', reason: 'DELETE_PENDING', domain: 'bookstore' });
    expect(JSON.stringify(failure)).not.toContain('SELECT');
    expect(await markOf(id)).toMatchObject({ state: 'DELETING' });
  });

  test('is down', async () => {
    const { id } = await create();
    authors.shelf.stop();
    try {
      expect(await failureOf(remove(id))).toMatchObject({ code: 'UNAVAILABLE', reason: 'DELETE_PENDING' });
    } finally {
      await authors.shelf.start();
    }
    await expect.poll(() => remove(id).catch((error) => error.code)).toMatchObject({ success: true });
  });
});

test('a caller who gives up leaves the author marked', async () => {
  const { id } = await create();
  authors.shelf.answer = silence;
  const gone = new AbortController();
  const call = failureOf(authors.api.deleteAuthor({ id }, { signal: gone.signal }));
  await expect.poll(asked).toHaveLength(1);
  gone.abort();

  expect(await call).toMatchObject({ code: 'CANCELLED' });
  expect(await markOf(id)).toMatchObject({ state: 'DELETING' });
});

test('an author being deleted is still there, and an update is an ordinary one', async () => {
  const { id } = await beingDeleted();
  await authors.api.updateAuthor({ id, name: 'Renamed' });
  expect(await authors.api.getAuthor({ id })).toMatchObject({ name: 'Renamed' });
  expect((await authors.api.listAuthors()).authors.map((author) => author.id)).toContain(id);
  expect(await markOf(id)).toMatchObject({ state: 'DELETING' });
});

describe('a call that finds the author being deleted', () => {
  test('ends the deletion that is there, under its own id', async () => {
    const { id, opId } = await beingDeleted();
    await remove(id);
    expect(asked()).toEqual([{ opId, authorId: id, force: false }]);
    expect(await markOf(id)).toBeUndefined();
  });

  test('asks with the force that began it, not with its own', async () => {
    const { id, opId } = await beingDeleted(true);
    await remove(id, false);
    expect(asked()).toEqual([{ opId, authorId: id, force: true }]);
  });

  test('begins one of its own once the one that is there was refused', async () => {
    const { id, opId } = await beingDeleted();
    authors.shelf.answer = ({ force }) => (force ? closed(2) : hasBooks(2));

    await remove(id, true);
    expect(asked()).toEqual([
      { opId, authorId: id, force: false },
      { opId: expect.not.stringMatching(opId ?? ''), authorId: id, force: true },
    ]);
    expect(await markOf(id)).toBeUndefined();
  });

  test('answers AUTHOR_HAS_BOOKS only from its own', async () => {
    const { id, opId } = await beingDeleted();
    authors.shelf.answer = (request) => hasBooks(request.opId === opId ? 7 : 2);

    expect(await failureOf(remove(id))).toMatchObject({ reason: 'AUTHOR_HAS_BOOKS', metadata: { book_count: '2' } });
    expect(asked()).toHaveLength(2);
    expect(await markOf(id)).toEqual(ACTIVE);
  });
});

test('many who delete the same author at once are all told that it is done, or that there is none', async () => {
  for (let round = 0; round < 3; round++) {
    const { id } = await create();
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => remove(id)));
    expect(answers.some(({ status: how }) => how === 'fulfilled')).toBe(true);
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        expect(await failureOf(Promise.reject(answer.reason))).toMatchObject({ reason: 'AUTHOR_NOT_FOUND' });
      }
    }
    expect(await markOf(id)).toBeUndefined();
  }
});

test('of many who ask with and without force, those with force get their way', async () => {
  for (let round = 0; round < 3; round++) {
    const { id } = await create();
    const outcomes = new Map<string, ReturnType<typeof closed>>();
    // As the book service: decided once for each operation.
    authors.shelf.answer = ({ opId, force }) => {
      const outcome = outcomes.get(opId) ?? (force ? closed(1) : hasBooks(1));
      outcomes.set(opId, outcome);
      return outcome;
    };
    const answers = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => remove(id, i % 2 === 0)));
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') continue;
      const { reason } = await failureOf(Promise.reject(answer.reason));
      expect(i % 2 === 0 ? ['AUTHOR_NOT_FOUND'] : ['AUTHOR_NOT_FOUND', 'AUTHOR_HAS_BOOKS']).toContain(reason);
    }
    expect(await markOf(id)).toBeUndefined();
  }
});

describe('the database refuses a mark that is half of one:', () => {
  const set = (columns: string) =>
    authors.database.query(`UPDATE authors SET ${columns} WHERE id = (SELECT id FROM authors LIMIT 1)`);
  const full = `state = 'DELETING', delete_op_id = '${randomUUID()}', delete_force = false, delete_next_try_at = now()`;

  test.each([
    ['a state without an operation', "state = 'DELETING'"],
    ['an operation without the state', `delete_op_id = '${randomUUID()}'`],
    ['no operation', `${full.replace(/delete_op_id = '[^']+'/, 'delete_op_id = NULL')}`],
    ['no force', full.replace('delete_force = false', 'delete_force = NULL')],
    ['no next try', full.replace('delete_next_try_at = now()', 'delete_next_try_at = NULL')],
  ])('%s', async (_what, columns) => {
    await create();
    await expect(set(columns)).rejects.toMatchObject({ code: '23514', constraint: 'authors_deletion_check' });
  });
});
