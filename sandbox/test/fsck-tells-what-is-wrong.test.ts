import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'vitest';
import { run, test } from './fsck-databases.js';

test.concurrent('a bookstore that keeps its promise has 0 findings, and status 0', async ({ databases }) => {
  const [withBook, withoutBook, deleted] = [await databases.author(), await databases.author(), randomUUID()];
  await databases.reference(withBook);
  await databases.book(withBook);
  await databases.reference(withoutBook);
  await databases.reference(deleted, false);
  await databases.author();
  await databases.reference(await databases.deletingAuthor(), false);

  expect(await databases.fsck()).toEqual({
    status: 0,
    lines: ['0 findings; checked 4 references, 1 deletions under way'],
    stderr: '',
  });
});

test.concurrent('each book of a missing author, and the reference it leans on, have a line; the status is 1', async ({
  databases,
}) => {
  const author = await databases.author();
  await databases.reference(author);
  const books = [await databases.book(author), await databases.book(author)];
  await databases.removeAuthor(author);

  expect(await databases.fsck()).toMatchObject({
    status: 1,
    lines: [
      ...books.map((book) => `ORPHAN_BOOK book ${book}: its author ${author} does not exist`),
      `REFERENCE_WITHOUT_AUTHOR author ${author}: the book database takes books for an author that does not exist`,
      '3 findings; checked 1 references, 0 deletions under way',
    ],
  });
});

test.concurrent('a tombstone is found while its author is ACTIVE, not while the author is DELETING', async ({
  databases,
}) => {
  const [active, deleting] = [await databases.author(), await databases.deletingAuthor()];
  for (const author of [active, deleting]) await databases.reference(author, false);

  const { status, lines } = await databases.fsck();
  expect([status, lines[0], lines.length]).toEqual([
    1,
    `TOMBSTONE_OF_ACTIVE_AUTHOR author ${active}: ACTIVE, yet the book database has closed it for ever`,
    2,
  ]);
});

test.concurrent('a deletion is overdue after a minute, however often it is tried', async ({ databases }) => {
  await databases.deletingAuthor('30 s', 30);
  const untried = await databases.deletingAuthor('62 s');
  const failing = await databases.deletingAuthor('1 hour', 3000);
  // By a replica that does not know since when.
  const older = await databases.deletingAuthor();
  const unknown =
    "UPDATE authors SET delete_started_at = NULL, delete_next_try_at = now() - interval '62 s' WHERE id = $1";
  await databases.authors.query(unknown, [older]);

  const { status, lines } = await databases.fsck();
  const line = (author: string, tries: number) =>
    expect.stringMatching(
      `^DELETION_OVERDUE author ${author}: DELETING since 20[0-9T:.-]+Z, tried again ${tries} times$`,
    );
  expect([status, lines.slice(0, -1)]).toEqual([1, [line(untried, 0), line(failing, 3000), line(older, 0)]]);
});

test.concurrent('a deletion that the recovery worker settles at once is no finding', async ({ databases }) => {
  const author = await databases.deletingAuthor('1 hour');
  const checking = databases.fsck();
  // The check has looked once, and now waits.
  await databases.untilFsck('authors', "state = 'idle' AND query ~ 'delete_started_at'");
  await databases.removeAuthor(author);

  expect(await checking).toMatchObject({ status: 0 });
});

test.concurrent('an author who is deleted with their books while the check runs is no finding', async ({
  databases,
}) => {
  const author = await databases.author();
  await databases.reference(author);
  await databases.book(author);
  // The check has seen the book when it comes to the authors.
  const run = await databases.fsckMeeting('authors', 'authors', async (holder) => {
    await databases.books.query('DELETE FROM books');
    await databases.books.query('UPDATE author_refs SET live = false');
    await holder.query('DELETE FROM authors');
  });
  expect(run).toMatchObject({ status: 0 });
});

test.concurrent('nor is one whose reference alone had been seen', async ({ databases }) => {
  const author = await databases.author();
  await databases.reference(author);
  const run = await databases.fsckMeeting('authors', 'authors', async (holder) => {
    await databases.books.query('UPDATE author_refs SET live = false');
    await holder.query('DELETE FROM authors');
  });
  expect(run).toMatchObject({ status: 0 });
});

test.concurrent('nor one who is new, or whose deletion closes the reference, just before the references are read', async ({
  databases,
}) => {
  const author = await databases.author();
  const run = await databases.fsckMeeting('books', 'author_refs', async (holder) => {
    const insert = 'INSERT INTO author_refs (author_id, live) VALUES ($1, $2)';
    await holder.query(insert, [await databases.author(), true]);
    await databases.markDeleting(author);
    await holder.query(insert, [author, false]);
  });
  expect(run).toMatchObject({ status: 0, lines: [expect.stringContaining(' 2 references, 1 deletions')] });
});

test.concurrent('findings beyond one batch are all told, once', async ({ databases }) => {
  await databases.books.query('INSERT INTO author_refs SELECT uuidv7() FROM generate_series(1, 2500)');
  await databases.books.query(
    "INSERT INTO books (title, author_id, published_year) SELECT 'B', author_id, 2000 FROM author_refs",
  );
  const { lines } = await databases.fsck();
  expect(new Set(lines).size).toBe(5001);
  expect(lines.at(-1)).toBe('5000 findings; checked 2500 references, 0 deletions under way');
});

test.concurrent('a database that cannot be checked: one line without a secret, and status 2', async ({ databases }) => {
  const { authors, books } = databases.urls;
  const secret = new URL(authors).password;
  const closed = 'postgresql://x:secret@127.0.0.1:1/authors';
  const cases: [string[], RegExp][] = [
    [['--authors-url', closed, '--books-url', books], /author database: connect ECONNREFUSED 127.0.0.1:1$/],
    [['--authors-url', authors, '--books-url', authors], /book database: relation "author_refs" does not exist$/],
    [['--authors-url', authors], /^fsck: usage: /],
    [['--authors-url', authors, '--books-url', 'books'], /^fsck: usage: .*postgresql:\/\//],
    [['--fix'], /^fsck: usage: /],
  ];
  for (const [args, line] of cases) {
    const { status, lines, stderr } = await run(...args);
    expect([status, lines, stderr.trim().split('\n').length]).toEqual([2, [], 1]);
    expect(stderr.trim()).toMatch(line);
    expect(stderr).not.toContain('secret');
    expect(stderr).not.toContain(secret);
  }
});

test.concurrent('a statement that takes too long: one line, and status 2', async ({ databases }) => {
  const holder = await databases.authors.connect();
  await holder.query('BEGIN; LOCK TABLE authors');
  const { authors, books } = databases.urls;
  const { status, stderr } = await run('--authors-url', `${authors}?statement_timeout=300`, '--books-url', books);
  holder.release(true);
  expect([status, stderr.trim()]).toEqual([
    2,
    'fsck: the author database: canceling statement due to statement timeout',
  ]);
});

test.concurrent('a database that never answers is given up after 5 s', async ({ databases }) => {
  const silent = createServer((socket) => socket.resume().on('error', () => {}));
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const { port } = silent.address() as AddressInfo;
  const url = `postgresql://x:secret@127.0.0.1:${port}/authors`;
  const { status, stderr } = await run('--authors-url', url, '--books-url', databases.urls.books);
  silent.close();
  expect([status, stderr.trim()]).toEqual([2, expect.stringMatching(/^fsck: the author database: .*timeout/)]);
});
