import type { FaultyBookstore } from './chaos-bookstore.js';

/** How many books have no author, and how many authors are still being deleted. Both databases must be at rest. */
export async function findOrphans(bookstore: FaultyBookstore): Promise<{ orphans: number; deleting: number }> {
  // Authors last: one that is made in between cannot make a book an orphan.
  const books = await bookstore.query<{ author_id: string; count: number }>(
    'books',
    'SELECT author_id, count(*)::int AS count FROM books GROUP BY author_id',
  );
  const authors = await bookstore.query<{ id: string; state: string }>(
    'authors',
    'SELECT id, state::text FROM authors',
  );
  const known = new Set(authors.map(({ id }) => id));
  const orphans = books.filter(({ author_id }) => !known.has(author_id)).reduce((sum, { count }) => sum + count, 0);
  return { orphans, deleting: authors.filter(({ state }) => state === 'DELETING').length };
}
