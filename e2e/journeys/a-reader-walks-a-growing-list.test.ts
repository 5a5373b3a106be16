import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const reader = connect();
const writer = connect();
afterAll(() => {
  reader.close();
  writer.close();
});

interface Page {
  readonly ids: string[];
  readonly nextPageToken: string;
}

/** The ids of all pages, in the order in which they came; `between` happens after each page but the last. */
async function walk(page: (pageToken: string) => Promise<Page>, between: () => Promise<unknown> = async () => {}) {
  const ids: string[] = [];
  for (let pageToken = ''; ; await between()) {
    const { ids: more, nextPageToken } = await page(pageToken);
    ids.push(...more);
    if (nextPageToken === '') return ids;
    pageToken = nextPageToken;
  }
}

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

const booksOf = (authorId: string, pageSize: number) => async (pageToken: string) => {
  const { books, nextPageToken } = await reader.books.getBooksByAuthor({ authorId, pageSize, pageToken });
  expect(books.length).toBeLessThanOrEqual(pageSize);
  return { ids: idsOf(books), nextPageToken };
};

test('every book is met once, in order, while another client adds and removes', async () => {
  const { author, books } = await authorWithBooks(writer, 12);
  const added: string[] = [];
  const [removed] = books.splice(10, 1);
  const ids = await walk(booksOf(author.id, 3), async () => {
    if (added.length === 0) await writer.books.deleteBook({ id: removed?.id ?? '' });
    if (added.length < 5) added.push((await writer.books.createBook(aBook({ authorId: author.id }))).id);
  });
  expect(ids).toEqual([...idsOf(books), ...added]);
  expect(ids).toEqual([...ids].sort());
});

test('a page goes on where the one before it ended, though the row it ended with is gone', async () => {
  const { author, books } = await authorWithBooks(writer, 4);
  const first = await booksOf(author.id, 2)('');
  await writer.books.deleteBook({ id: first.ids[1] ?? '' });
  const second = await booksOf(author.id, 2)(first.nextPageToken);
  expect(second).toEqual({ ids: idsOf(books.slice(2)), nextPageToken: '' });
});

test('all authors and all books are met once, whatever others do meanwhile', async () => {
  const mine = await Promise.all(Array.from({ length: 5 }, () => authorWithBooks(writer, 2)));
  const authors = await walk(
    async (pageToken) => {
      const page = await reader.authors.listAuthors({ pageSize: 50, pageToken });
      return { ids: idsOf(page.authors), nextPageToken: page.nextPageToken };
    },
    () => writer.authors.createAuthor(anAuthor()),
  );
  const books = await walk(async (pageToken) => {
    const page = await reader.books.listBooks({ pageSize: 200, pageToken });
    return { ids: idsOf(page.books), nextPageToken: page.nextPageToken };
  });
  expect(new Set(authors).size).toBe(authors.length);
  expect(new Set(books).size).toBe(books.length);
  expect(authors).toEqual(expect.arrayContaining(mine.map(({ author }) => author.id)));
  expect(books).toEqual(expect.arrayContaining(mine.flatMap(({ books }) => idsOf(books))));
});

test('a page size of 0 returns everything that fits, and one that is too large is lowered', async () => {
  const { author, books } = await authorWithBooks(writer, 3);
  const everything = { ids: idsOf(books), nextPageToken: '' };
  const sizeNotSaid = await reader.books.getBooksByAuthor({ authorId: author.id });
  expect({ ids: idsOf(sizeNotSaid.books), nextPageToken: sizeNotSaid.nextPageToken }).toEqual(everything);
  expect(await booksOf(author.id, 2 ** 31 - 1)('')).toEqual(everything);
});

test('a token is good for its own list alone', async () => {
  const [one, other] = [await authorWithBooks(writer, 2), await authorWithBooks(writer, 2)];
  const { nextPageToken: pageToken } = await booksOf(one.author.id, 1)('');
  expect(pageToken).not.toBe('');
  const refused = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: { page_token: expect.any(String) } };
  const elsewhere = [
    reader.books.getBooksByAuthor({ authorId: other.author.id, pageToken }),
    reader.books.listBooks({ pageToken }),
    reader.authors.listAuthors({ pageToken }),
    reader.authors.listAuthors({ pageToken: 'next' }),
  ];
  // All at once: an answer that comes before its turn would count as an unhandled rejection.
  for (const failure of await Promise.all(elsewhere.map(failureOf))) expect(failure).toMatchObject(refused);
});
