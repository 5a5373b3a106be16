import type { Databases } from './check.js';
import type { Finding, Repair } from './finding.js';

const FOREIGN_KEY_VIOLATION = '23503';

const CLOSE = `
  UPDATE author_refs SET live = false
  WHERE author_id = $1 AND live AND NOT EXISTS (SELECT 1 FROM books WHERE books.author_id = author_refs.author_id)`;
const MAKE_DUE = `
  UPDATE authors SET delete_next_try_at = least(delete_next_try_at, now())
  WHERE id = $1 AND delete_op_id = $2`;

/**
 * Finishes what is safe to finish without knowing how it came about.
 *
 * - An overdue deletion is made due now, and nothing more: how it ends is the book service's decision, and the author
 *   service's recovery worker asks for it.
 * - A reference without an author and without books is closed, as the deletion would have done. No author is ever made
 *   under that id again, and the books' foreign key refuses the close when a book slips in. Not while there are orphan
 *   books: an author database that lacks the authors of books is rather the wrong one, or an old copy.
 * - An orphan book is somebody's data, and mostly it is its author who is missing by mistake: never deleted here.
 * - A tombstone is final, and the author of one may have come back with an old backup: neither is taken back here, since
 *   a deletion might run at the same time. DeleteAuthor finishes it.
 */
export async function repair({ authors, books }: Databases, finding: Finding, orphans: number): Promise<Repair> {
  switch (finding.kind) {
    case 'DELETION_OVERDUE': {
      const changed = await authors.change(MAKE_DUE, [finding.authorId, finding.opId]);
      if (changed === 0) return { done: true, story: 'settled meanwhile' };
      return {
        done: false,
        story: 'due now: the author service settles it, once it runs and reaches the book service',
      };
    }
    case 'REFERENCE_WITHOUT_AUTHOR': {
      if (orphans > 0) return { done: false, story: 'not closed while books lack their authors' };
      const changed = await books.change(CLOSE, [finding.authorId], FOREIGN_KEY_VIOLATION);
      return changed === 1 ? { done: true, story: 'closed' } : { done: false, story: 'not closed: it has books' };
    }
    case 'ORPHAN_BOOK':
      return { done: false, story: 'bring the author back from a backup, or call DeleteBook' };
    case 'TOMBSTONE_OF_ACTIVE_AUTHOR':
      return { done: false, story: 'call DeleteAuthor, and create the author anew if wanted' };
  }
}
