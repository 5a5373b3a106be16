import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type CheckedDatabases, test } from './fsck-databases.js';

const referencesIn = async (databases: CheckedDatabases) =>
  (await databases.books.query('SELECT author_id, live FROM author_refs')).rows;

test.concurrent('without --repair nothing is written: a role that may only read will do', async ({ databases }) => {
  const missing = randomUUID();
  await databases.reference(missing);
  for (const pool of [databases.authors, databases.books]) {
    const service = new URL(pool === databases.authors ? databases.urls.authors : databases.urls.books).username;
    await pool.query(`REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM ${service}`);
  }
  expect(await databases.fsck()).toMatchObject({ status: 1 });
  expect(await databases.fsck('--repair')).toMatchObject({ status: 2, stderr: expect.stringMatching(/permission/) });
  expect(await referencesIn(databases)).toEqual([{ author_id: missing, live: true }]);
});

test.concurrent('a reference without author and books is closed, and nothing is left to find', async ({
  databases,
}) => {
  const missing = randomUUID();
  await databases.reference(missing);
  expect(await databases.fsck('--repair')).toMatchObject({
    status: 0,
    lines: [expect.stringMatching(/; repaired: closed$/), expect.stringMatching(/^1 findings, 1 repaired;/)],
  });
  expect(await referencesIn(databases)).toEqual([{ author_id: missing, live: false }]);
  expect(await databases.fsck()).toMatchObject({ status: 0 });
});

test.concurrent('no book is deleted, and no reference closed while books lack their authors', async ({ databases }) => {
  const [withBook, bare] = [randomUUID(), randomUUID()];
  await databases.reference(withBook);
  await databases.reference(bare);
  const book = await databases.book(withBook);
  const { status, lines } = await databases.fsck('--repair');
  expect([status, lines.length]).toEqual([1, 4]);
  expect(lines[0]).toMatch(/^ORPHAN_BOOK .*; not repaired: bring the author back from a backup, or call DeleteBook$/);
  expect(lines.slice(1, 3)).toEqual(
    Array(2).fill(expect.stringMatching(/; not repaired: not closed while books lack their authors$/)),
  );
  expect((await databases.books.query('SELECT id FROM books')).rows).toEqual([{ id: book }]);
  expect(await referencesIn(databases)).not.toContainEqual(expect.objectContaining({ live: false }));
});

test.concurrent('an ACTIVE author with a tombstone stays as it is', async ({ databases }) => {
  const author = await databases.author();
  await databases.reference(author, false);
  expect(await databases.fsck('--repair')).toMatchObject({
    status: 1,
    lines: [expect.stringMatching(/; not repaired: call DeleteAuthor/), expect.stringMatching(/^1 findings, 0 rep/)],
  });
  expect(await referencesIn(databases)).toEqual([{ author_id: author, live: false }]);
  expect((await databases.authors.query('SELECT state FROM authors')).rows).toEqual([{ state: 'ACTIVE' }]);
});

test.concurrent('an overdue deletion is made due, for the author service to settle', async ({ databases }) => {
  await databases.deletingAuthor('1 hour', 9);
  expect(await databases.fsck('--repair')).toMatchObject({
    status: 1,
    lines: [expect.stringMatching(/; not repaired: due now: /), expect.anything()],
  });
  const { rows } = await databases.authors.query('SELECT state, delete_next_try_at <= now() AS due FROM authors');
  expect(rows).toEqual([{ state: 'DELETING', due: true }]);
});
