import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  // Here statements wait for locks as long as the test wants them to.
  authors = await startAuthors({ DATABASE_STATEMENT_TIMEOUT_MS: '10000' });
});
afterAll(() => authors?.stop());

const createMany = (count: number) =>
  Promise.all(Array.from({ length: count }, () => authors.api.createAuthor(newAuthor())));

test('many new ones at once are each answered with their own author', async () => {
  const given = Array.from({ length: 50 }, (_, n) =>
    newAuthor({ name: `"Name" {${n}} \\ — 名, NULL`, ...(n % 2 ? { requestId: randomUUID() } : {}) }),
  );
  const created = await Promise.all(given.map((author) => authors.api.createAuthor(author)));

  expect(created).toMatchObject(given.map(({ name, email }) => ({ name, email })));
  for (const author of created) expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
});

test('each new one has an answer of its own, whatever becomes of the others', async () => {
  const [repeated, reused] = [newAuthor({ requestId: randomUUID() }), newAuthor({ requestId: randomUUID() })];
  const known = await authors.api.createAuthor(repeated);
  await authors.api.createAuthor(reused);
  const wanted = newAuthor();

  const [made, again, other, taken, ...same] = await Promise.all([
    createMany(20),
    authors.api.createAuthor(repeated),
    failureOf(authors.api.createAuthor({ ...reused, name: 'Other' })),
    failureOf(authors.api.createAuthor(newAuthor({ email: known.email.toUpperCase() }))),
    authors.api.createAuthor(wanted).catch((error) => error),
    authors.api.createAuthor({ ...wanted, email: wanted.email.toUpperCase() }).catch((error) => error),
  ]);
  expect(new Set(made.map(({ id }) => id)).size).toBe(20);
  expect(again).toEqual(known);
  expect(other).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'REQUEST_ID_REUSED' });
  expect(taken).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'EMAIL_TAKEN' });
  const refused = same.find((answer) => answer instanceof Error);
  expect(await failureOf(Promise.reject(refused))).toMatchObject({ reason: 'EMAIL_TAKEN' });
  expect(same.find((answer) => answer !== refused)).toMatchObject({ name: wanted.name });
});

test('a request that is just being answered elsewhere holds up nobody but its own repetition', async () => {
  const given = newAuthor({ requestId: randomUUID() });
  const client = await authors.database.connect();
  try {
    await client.query('BEGIN');
    await client.query("INSERT INTO authors (name, email, request_id, request_hash) VALUES ($1, $2, $3, '')", [
      ...[given.name, given.email, given.requestId],
    ]);
    const waiting = authors.api.createAuthor(given);
    expect(await createMany(20)).toHaveLength(20);

    await client.query('ROLLBACK');
    expect(await waiting).toMatchObject({ email: given.email });
  } finally {
    client.release();
  }
});

test('many new names at once each reach their own author', async () => {
  const created = await createMany(50);
  const missing = failureOf(authors.api.updateAuthor({ id: randomUUID(), name: 'Nobody' }));
  const renames = created.map(({ id }, n) => authors.api.updateAuthor({ id, name: `"Name" {${n}} \\ — 名` }));
  for (const answer of await Promise.all(renames)) expect(answer.success).toBe(true);

  expect(await missing).toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
  for (const [n, author] of created.entries()) {
    expect(await authors.api.getAuthor({ id: author.id })).toEqual({ ...author, name: `"Name" {${n}} \\ — 名` });
  }
});

test('an address that is taken is refused to whoever wants it, and to nobody else', async () => {
  const [taken, ...others] = await createMany(20);
  const wanted = { email: taken?.email ?? '' };
  const [refused, ...renamed] = await Promise.all([
    failureOf(authors.api.updateAuthor({ id: others[0]?.id ?? '', ...wanted })),
    ...others.map(({ id }) => authors.api.updateAuthor({ id, name: 'Another name' })),
  ]);
  expect(refused).toMatchObject({ code: 'ALREADY_EXISTS' });
  for (const { success } of renamed) expect(success).toBe(true);
  for (const { id, email } of others) {
    expect(await authors.api.getAuthor({ id })).toMatchObject({ name: 'Another name', email });
  }
});

test('many names of one author are all taken, one after the other', async () => {
  const [author] = await createMany(1);
  const names = Array.from({ length: 20 }, (_, n) => `Name ${n}`);
  await Promise.all(names.map((name) => authors.api.updateAuthor({ id: author?.id ?? '', name })));
  expect(names).toContain((await authors.api.getAuthor({ id: author?.id ?? '' })).name);
});
