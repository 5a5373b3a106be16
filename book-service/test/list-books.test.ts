import { randomUUID } from 'node:crypto';
import { type Book, GetBooksByAuthorResponse, ListBooksResponse } from '@bookstore/proto';
import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Books, newBook, startBooks } from './start-books.js';

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books?.stop());
beforeEach(() => books.database.query('TRUNCATE books'));

const LE_GUIN = randomUUID();
const LEM = randomUUID();
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Books made one after another, with a book of somebody else after each. */
async function make(count: number): Promise<Book[]> {
  const made: Book[] = [];
  for (let i = 0; i < count; i++) {
    made.push(await books.api.createBook(newBook({ authorId: LE_GUIN, title: `Book ${i}` })));
    await books.api.createBook(newBook({ authorId: LEM }));
  }
  return made;
}

async function insertMany(count: number, title: string) {
  await books.api.createBook(newBook({ authorId: LE_GUIN, title }));
  await books.database.query(
    'INSERT INTO books (title, author_id, published_year) SELECT $1, $2, -2999 FROM generate_series(2, $3::int)',
    [title, LE_GUIN, count],
  );
}

interface AnyPage {
  readonly books: readonly { readonly id: string }[];
  readonly nextPageToken: string;
}
type List = (request: { pageSize?: number; pageToken?: string }) => Promise<AnyPage>;

const all: List = (request) => books.api.listBooks(request);
const ofAuthor: List = (request) => books.api.getBooksByAuthor({ authorId: LE_GUIN, ...request });

async function pages(list: List, pageSize: number): Promise<AnyPage[]> {
  const found: AnyPage[] = [];
  let pageToken = '';
  do {
    const page = await list({ pageSize, pageToken });
    found.push(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}

const idsOf = ({ books }: AnyPage) => books.map(({ id }) => id);

test('all books come whole and in the order of their creation', async () => {
  await make(3);
  const { books: listed, nextPageToken } = await books.api.listBooks();
  expect(listed).toHaveLength(6);
  expect(nextPageToken).toBe('');
  expect(listed.map(({ id }) => id)).toEqual(listed.map(({ id }) => id).sort());
  for (const book of listed) expect(await books.api.getBook({ id: book.id })).toEqual(book);
});

test("one author's books come without the author, in the order of their creation", async () => {
  const made = await make(3);
  expect(await books.api.getBooksByAuthor({ authorId: LE_GUIN })).toEqual({
    books: made.map(({ authorId: _, ...book }) => book),
    nextPageToken: '',
  });
});

describe.each([
  ['ListBooks', () => all, ListBooksResponse],
  ['GetBooksByAuthor', () => ofAuthor, GetBooksByAuthorResponse],
])('%s', (_name, which, response) => {
  test.each([1, 2, 5, 6, 7, 2_147_483_647])('in pages of %i holds every book once, in order', async (pageSize) => {
    await make(6);
    const expected = idsOf(await which()({}));
    const found = await pages(which(), pageSize);
    expect(found.flatMap(idsOf)).toEqual(expected);
    for (const page of found) expect(page.books.length).toBeLessThanOrEqual(pageSize);
  });

  test('lowers a page size that is too large', async () => {
    await insertMany(1001, 'x');
    expect((await pages(which(), 5000)).map(({ books }) => books.length)).toEqual([1000, 1]);
  });

  test('comes with a token where a message of 4 MiB is full', async () => {
    await insertMany(6_000, '𝕏'.repeat(200));
    const found = await pages(which(), 0);
    expect([found.length, new Set(found.flatMap(idsOf)).size]).toEqual([2, 6_000]);
    const bytes = response.encode(found[0] as ListBooksResponse).finish().length;
    expect(bytes).toBeLessThan(MAX_MESSAGE_BYTES);
    expect(bytes).toBeGreaterThan(0.85 * MAX_MESSAGE_BYTES);
  });

  test('goes on after its token whatever is deleted and added', async () => {
    const made = await make(6);
    const { nextPageToken: pageToken, books: first } = await which()({ pageSize: 4 });
    const rest = idsOf(await which()({ pageToken }));
    await books.api.deleteBook({ id: first[3]?.id ?? '' });
    await books.api.deleteBook({ id: rest[0] ?? '' });
    const added = await books.api.createBook(newBook({ authorId: made[0]?.authorId ?? '' }));

    expect(idsOf(await which()({ pageToken }))).toEqual([...rest.slice(1), added.id]);
  });

  test.each([-1, -2_147_483_648])('refuses a page size of %i', async (pageSize) => {
    expect(await failureOf(which()({ pageSize }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: { page_size: 'must not be negative' },
    });
  });

  test.each(['garbage', '\0', ' ', '1'])('refuses the token %j', async (pageToken) => {
    expect(await failureOf(which()({ pageToken }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fields: { page_token: 'is not a token of this list' },
    });
  });
});

test("a token of another list, or of another author's, is refused", async () => {
  await make(2);
  const ofAll = (await all({ pageSize: 1 })).nextPageToken;
  const ofLeGuin = (await ofAuthor({ pageSize: 1 })).nextPageToken;

  for (const call of [
    all({ pageToken: ofLeGuin }),
    ofAuthor({ pageToken: ofAll }),
    books.api.getBooksByAuthor({ authorId: LEM, pageToken: ofLeGuin }),
  ]) {
    expect(await failureOf(call)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: { page_token: 'is not a token of this list' },
    });
  }
  const { nextPageToken } = await books.api.getBooksByAuthor({
    authorId: LE_GUIN.toUpperCase(),
    pageToken: ofLeGuin,
  });
  expect(nextPageToken).toBe('');
});
