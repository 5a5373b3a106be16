import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf, refuse, silence } from '@bookstore/sandbox/testing';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Authors, closed, hasBooks, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors({ DELETE_RECOVERY_INTERVAL_MS: '20' });
});
afterAll(() => authors?.stop());
beforeEach(() => {
  authors.shelf.received.length = 0;
});

/** Authors whose deletions began, and who began them never learnt the outcome. */
async function beingDeleted(count: number): Promise<string[]> {
  const { answer } = authors.shelf;
  authors.shelf.answer = refuse(status.UNAVAILABLE);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { id } = await authors.api.createAuthor(newAuthor());
    expect(await failureOf(authors.api.deleteAuthor({ id }))).toMatchObject({ reason: 'DELETE_PENDING' });
    ids.push(id);
  }
  authors.shelf.answer = answer;
  authors.shelf.received.length = 0;
  return ids;
}

/** As though the time had come at which whoever began them has given up. */
const makeDue = (ids: string[]) =>
  authors.database.query('UPDATE authors SET delete_next_try_at = now() WHERE id = ANY($1)', [ids]);

const stateOf = (id: string) => async () =>
  (await authors.database.query('SELECT state FROM authors WHERE id = $1', [id])).rows[0]?.state ?? 'gone';

test('nobody else tries while whoever began may still be at it', async () => {
  const [id = ''] = await beingDeleted(1);
  const { rows } = await authors.database.query(
    'SELECT extract(epoch FROM delete_next_try_at - now()) AS seconds FROM authors WHERE id = $1',
    [id],
  );
  expect(Number(rows[0].seconds)).toBeGreaterThan(0);
  expect(Number(rows[0].seconds)).toBeLessThanOrEqual(3);
});

test('once it is due the worker finishes it, and the author is gone', async () => {
  authors.shelf.answer = () => closed();
  const [id = ''] = await beingDeleted(1);
  await makeDue([id]);
  await expect.poll(stateOf(id)).toBe('gone');
  expect(await failureOf(authors.api.getAuthor({ id }))).toMatchObject({ reason: 'AUTHOR_NOT_FOUND' });
});

test('an author who has books by then is an ordinary one again', async () => {
  authors.shelf.answer = () => hasBooks(1);
  const [id = ''] = await beingDeleted(1);
  await makeDue([id]);
  await expect.poll(stateOf(id)).toBe('ACTIVE');
  await authors.api.updateAuthor({ id, name: 'Still here' });
});

test('one that fails again and again holds up no other, and is due again after a second each time', async () => {
  const ids = await beingDeleted(10);
  const stuck = ids[0] ?? '';
  authors.shelf.answer = ({ authorId }) => (authorId === stuck ? refuse(status.INTERNAL)() : closed());
  await makeDue(ids);

  for (const id of ids.slice(1)) await expect.poll(stateOf(id)).toBe('gone');
  expect(await stateOf(stuck)()).toBe('DELETING');
  const waits: number[] = [];
  for (let tries = 2; tries <= 4; tries++) {
    await makeDue([stuck]);
    await expect
      .poll(async () => {
        const { rows } = await authors.database.query(
          'SELECT delete_tries, extract(epoch FROM delete_next_try_at - now()) AS seconds FROM authors WHERE id = $1',
          [stuck],
        );
        waits[tries] = Number(rows[0].seconds);
        return rows[0].delete_tries;
      })
      .toBeGreaterThanOrEqual(tries);
  }
  // Give or take a quarter, so that after an outage of any length it is decided soon.
  for (const wait of waits.slice(2)) expect(wait).toBeLessThanOrEqual(1.25);
});

test('some that take until their deadline hold up no other', async () => {
  const ids = await beingDeleted(10);
  const stuck = ids.slice(0, 3);
  await authors.database.query("UPDATE authors SET delete_next_try_at = 'infinity' WHERE state = 'DELETING'");
  const asked: string[] = [];
  authors.shelf.answer = ({ authorId }) => {
    if (ids.includes(authorId)) asked.push(authorId);
    return stuck.includes(authorId) ? silence() : closed();
  };
  await makeDue(stuck);
  await expect.poll(() => new Set(asked).size).toBe(3);
  // With the three, which are being asked for, as they are when their time has come again.
  await makeDue(ids);
  await expect.poll(() => new Set(asked).size).toBe(10);
  // Each of the others was asked for before one of the three was asked for again.
  expect(new Set(asked.slice(0, 10))).toEqual(new Set(ids));
  authors.shelf.answer = () => closed();
  for (const id of ids) await expect.poll(stateOf(id), { timeout: 20_000 }).toBe('gone');
});

test('a book service that is slow gets few at a time, so that each is decided before the deadline of its call', async () => {
  let inFlight = 0;
  authors.shelf.answer = async () => {
    inFlight++;
    // 100 ms of work for each, on one core.
    for (let done = 0; done < 100; done += 10 / inFlight) await sleep(10);
    inFlight--;
    return closed();
  };
  await Promise.all(Array.from({ length: 30 }, () => authors.api.createAuthor(newAuthor())));
  await authors.database.query(
    `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = false,
            delete_next_try_at = now()`,
  );
  const left = async () => (await authors.database.query('SELECT FROM authors')).rowCount;
  await expect.poll(left, { timeout: 30_000 }).toBe(0);
});

test('the service stops while the worker waits for a silent book service', async () => {
  const other = await startAuthors({ DELETE_RECOVERY_INTERVAL_MS: '20' });
  const { id } = await other.api.createAuthor(newAuthor());
  other.shelf.answer = silence;
  await failureOf(other.api.deleteAuthor({ id }));
  other.shelf.received.length = 0;
  await other.database.query('UPDATE authors SET delete_next_try_at = now()');
  await expect.poll(() => other.shelf.received.length).toBe(1);

  const startedAt = performance.now();
  await other.stop();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
