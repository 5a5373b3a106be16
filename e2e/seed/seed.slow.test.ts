import path from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { outputOf } from '../src/process/output-of.js';
import { root } from '../src/root.js';

const { authorAddress, bookAddress } = inject('target');
const { authors, books, close } = connect();
afterAll(close);

const seed = () =>
  outputOf([
    process.execPath,
    path.join(root, 'sandbox/dist/seed/main.js'),
    ...['--author-address', authorAddress, '--book-address', bookAddress],
  ]);

/** How many books each of the authors with these names has. */
async function shelves(names: readonly string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { id, name } of (await authors.listAuthors()).authors.filter(({ name }) => names.includes(name))) {
    expect(found, name).not.toHaveProperty([name]);
    found[name] = (await books.getBooksByAuthor({ authorId: id })).books.length;
  }
  return found;
}

test('the catalogue arrives, and a second time adds nothing', async () => {
  const first = await seed();
  expect(first, first.stderr).toMatchObject({ status: 0 });
  const [, authorCount, bookCount] = /Adding (\d+) authors at \S+ and (\d+) books at/.exec(first.stdout) ?? [];
  expect(Number(authorCount)).toBeGreaterThanOrEqual(60);
  expect(Number(bookCount)).toBeGreaterThanOrEqual(400);
  const names = ['Jane Austen', 'Franz Kafka', 'Toni Morrison'];
  const before = await shelves(names);
  expect(Object.keys(before).sort()).toEqual([...names].sort());

  const second = await seed();
  expect(second, second.stderr).toMatchObject({ status: 0 });
  expect(second.stdout).toContain(`Authors: 0 created, ${authorCount} already there.`);
  expect(second.stdout).toContain(`Books: 0 created, ${bookCount} already there.`);
  expect(await shelves(names)).toEqual(before);
});
