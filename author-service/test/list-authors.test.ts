import { Author, ListAuthorsResponse } from '@bookstore/proto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());
beforeEach(() => authors.database.query('TRUNCATE authors'));

/** Authors made one after another. */
async function make(count: number): Promise<Author[]> {
  const made: Author[] = [];
  for (let i = 0; i < count; i++) made.push(await authors.api.createAuthor(newAuthor()));
  return made;
}

/** Many authors at once, whose names take 800 bytes each where that is asked for. */
const insertMany = (count: number, name = 'x') =>
  authors.database.query(
    `INSERT INTO authors (name, email) SELECT $1, 'many-' || n || '@example.com' FROM generate_series(1, $2::int) n`,
    [name, count],
  );

/** Every page from the first on. */
async function* pages(pageSize: number): AsyncGenerator<ListAuthorsResponse> {
  let pageToken = '';
  do {
    const page = await authors.api.listAuthors({ pageSize, pageToken });
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

test('an empty list is empty', async () => {
  expect(await authors.api.listAuthors()).toEqual({ authors: [], nextPageToken: '' });
  expect(await authors.api.listAuthors({ pageSize: 5 })).toEqual({ authors: [], nextPageToken: '' });
});

test('without a page size all authors come, whole and in the order of their creation', async () => {
  const made = await make(12);
  expect(await authors.api.listAuthors()).toEqual({ authors: made, nextPageToken: '' });
  expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).sort());
});

test.each([1, 2, 3, 5, 6, 7, 2_147_483_647])('pages of %i hold every author once, in order', async (pageSize) => {
  const made = await make(6);
  const seen: Author[] = [];
  for await (const page of pages(pageSize)) {
    expect(page.authors.length).toBeLessThanOrEqual(pageSize);
    expect(page.authors.length).toBeGreaterThan(0);
    seen.push(...page.authors);
  }
  expect(seen).toEqual(made);
});

test('a page size that is too large is lowered', async () => {
  await insertMany(1001);
  const { authors: page, nextPageToken } = await authors.api.listAuthors({ pageSize: 100_000 });
  expect(page).toHaveLength(1000);
  expect((await authors.api.listAuthors({ pageSize: 100_000, pageToken: nextPageToken })).authors).toHaveLength(1);
});

test('without a page size thousands come in one message', async () => {
  await insertMany(12_000);
  const { authors: all, nextPageToken } = await authors.api.listAuthors();
  expect([all.length, nextPageToken]).toEqual([12_000, '']);
});

test('what does not fit into a message of 4 MiB comes with a token for the rest', async () => {
  await insertMany(6_000, '𝕏'.repeat(200));
  const seen = new Set<string>();
  let count = 0;
  for await (const page of pages(0)) {
    expect(ListAuthorsResponse.encode(page).finish().length).toBeLessThan(4 * 1024 * 1024);
    for (const { id } of page.authors) seen.add(id);
    count++;
  }
  expect([seen.size, count]).toEqual([6_000, 2]);
});

test('a token survives what is deleted and added around it', async () => {
  const made = await make(6);
  const first = await authors.api.listAuthors({ pageSize: 3 });
  // The token's own author goes, the next one too, and one joins.
  for (const author of [made[2], made[3]]) await authors.api.deleteAuthor({ id: author?.id ?? '' });
  const [added] = await make(1);

  const second = await authors.api.listAuthors({ pageSize: 3, pageToken: first.nextPageToken });
  expect(second).toEqual({ authors: [made[4], made[5], added], nextPageToken: '' });
});

test('a token may be used with another page size, and more than once', async () => {
  const made = await make(5);
  const { nextPageToken: pageToken } = await authors.api.listAuthors({ pageSize: 2 });
  for (const pageSize of [0, 3, 1000]) {
    expect((await authors.api.listAuthors({ pageSize, pageToken })).authors).toEqual(made.slice(2));
  }
});

test('what is no page size or no token of this list is INVALID_ARGUMENT', async () => {
  await make(2);
  const { nextPageToken } = await authors.api.listAuthors({ pageSize: 1 });

  for (const pageSize of [-1, -2_147_483_648]) {
    expect(await failureOf(authors.api.listAuthors({ pageSize }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fields: { page_size: 'must not be negative' },
    });
  }
  // Of ListBooks, with the same id; its beginning and end are as they should be.
  const foreign = Buffer.from(nextPageToken, 'base64url');
  foreign.fill(7, 1, 8);
  for (const pageToken of [
    'garbage',
    ' ',
    '\0',
    '1',
    `${nextPageToken}=`,
    `${nextPageToken}A`,
    nextPageToken.slice(1),
    nextPageToken.slice(0, -1),
    foreign.toString('base64url'),
    'x'.repeat(100_000),
  ]) {
    expect(await failureOf(authors.api.listAuthors({ pageToken }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fields: { page_token: 'is not a token of this list' },
    });
  }
});
