import { afterAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const [reader, writer] = [connect(), connect()];
afterAll(() => {
  reader.close();
  writer.close();
});

interface Page {
  readonly ids: string[];
  readonly nextPageToken: string;
}

/** The ids of all pages in order; calls `between` after each page but the last. */
async function readAll(page: (pageToken: string) => Promise<Page>, between: () => Promise<unknown>) {
  const ids: string[] = [];
  for (let pageToken = ''; ; await between()) {
    const { ids: more, nextPageToken } = await page(pageToken);
    ids.push(...more);
    if (nextPageToken === '') return ids;
    pageToken = nextPageToken;
  }
}

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

test("an author's books are read once, in order, while another client creates and deletes books", async () => {
  const { author, books } = await authorWithBooks(writer, 12);
  const added: string[] = [];
  const [removed] = books.splice(10, 1);
  const page = async (pageToken: string) => {
    const answer = await reader.books.getBooksByAuthor({ authorId: author.id, pageSize: 3, pageToken });
    expect(answer.books.length).toBeLessThanOrEqual(3);
    return { ids: idsOf(answer.books), nextPageToken: answer.nextPageToken };
  };
  const ids = await readAll(page, async () => {
    if (added.length === 0) await writer.books.deleteBook({ id: removed?.id ?? '' });
    if (added.length < 5) added.push((await writer.books.createBook(aBook({ authorId: author.id }))).id);
  });
  expect(ids).toEqual([...idsOf(books), ...added]);
});

test('all authors are read once, while another client creates authors', async () => {
  const created = await Promise.all(Array.from({ length: 5 }, () => writer.authors.createAuthor(anAuthor())));
  let more = 0;
  const page = async (pageToken: string) => {
    const answer = await reader.authors.listAuthors({ pageSize: 50, pageToken });
    return { ids: idsOf(answer.authors), nextPageToken: answer.nextPageToken };
  };
  const ids = await readAll(page, async () => more++ < 5 && writer.authors.createAuthor(anAuthor()));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(idsOf(created)));
});
