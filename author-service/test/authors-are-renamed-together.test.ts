import { randomUUID } from 'node:crypto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

const createMany = (count: number) =>
  Promise.all(Array.from({ length: count }, () => authors.api.createAuthor(newAuthor())));

test('many new names take few statements, and each author gets their own', async () => {
  const created = await createMany(50);
  const missing = failureOf(authors.api.updateAuthor({ id: randomUUID(), name: 'Nobody' }));
  const renames = created.map(({ id }, n) => authors.api.updateAuthor({ id, name: `"Name" {${n}} \\ — 名` }));
  for (const answer of await Promise.all(renames)) expect(answer.success).toBe(true);

  expect(await missing).toMatchObject({ code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' });
  for (const [n, author] of created.entries()) {
    expect(await authors.api.getAuthor({ id: author.id })).toEqual({ ...author, name: `"Name" {${n}} \\ — 名` });
  }
  const { rowCount } = await authors.database.query('SELECT DISTINCT xmin::text FROM authors WHERE id = ANY($1)', [
    created.map(({ id }) => id),
  ]);
  expect(rowCount).toBeLessThan(created.length / 2);
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
