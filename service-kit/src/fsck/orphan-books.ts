import { authorStates } from './author-states.js';
import { BATCH, batches } from './batches.js';
import type { Check } from './check.js';

/** Each author once, however many books they have: every step is a look-up in the index on (author_id, id). */
const AUTHORS_WITH_BOOKS = `
  WITH RECURSIVE authors (id) AS (
    (SELECT author_id FROM books WHERE author_id > $1 ORDER BY author_id LIMIT 1)
    UNION ALL
    SELECT (SELECT author_id FROM books WHERE author_id > authors.id ORDER BY author_id LIMIT 1)
    FROM authors WHERE authors.id IS NOT NULL)
  SELECT id FROM authors WHERE id IS NOT NULL LIMIT $2`;

const BOOKS_OF_AUTHOR = 'SELECT id FROM books WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3';

/**
 * Books whose author does not exist. The book is read first, then the author, and then both again, the book last: a
 * deletion takes the books before it takes the author, so a book that is there after its author has gone is an orphan.
 */
export const orphanBooks: Check = async function* ({ authors, books }, looked) {
  for await (const batch of batches((after) => books.read<{ id: string }>(AUTHORS_WITH_BOOKS, [after, BATCH]))) {
    looked(batch.length);
    const ids = batch.map(({ id }) => id);
    const first = await authorStates(authors, ids);
    const suspects = ids.filter((id) => !first.has(id));
    if (suspects.length === 0) continue;
    const again = await authorStates(authors, suspects);
    for (const authorId of suspects) {
      if (again.has(authorId)) continue;
      const ofAuthor = (after: string) => books.read<{ id: string }>(BOOKS_OF_AUTHOR, [authorId, after, BATCH]);
      for await (const orphans of batches(ofAuthor)) {
        for (const { id } of orphans) yield { kind: 'ORPHAN_BOOK', authorId, bookId: id };
      }
    }
  }
};
