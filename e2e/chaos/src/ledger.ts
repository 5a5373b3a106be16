import { until } from '@bookstore/sandbox';
import type { Bookstore } from './bookstore/bookstore.js';
import { isUnknown, type Outcome } from './client.js';
import type { Fault } from './scenario.js';

/** The record of what was acknowledged to clients. It is compared with the databases at the end. */
export class Ledger {
  readonly #authors = new Set<string>();
  /** The author's id by the book's id. */
  readonly #books = new Map<string, string>();
  readonly #deleted = new Set<string>();
  /** Deletions without an answer: they may have happened. */
  readonly #maybeDeleted = new Set<string>();

  authorCreated(id: string): void {
    this.#authors.add(id);
  }

  bookCreated(id: string, authorId: string): void {
    this.#books.set(id, authorId);
  }

  /** Of an author or a book. */
  deleted(id: string, outcome: Outcome): void {
    if (outcome.ok) this.#deleted.add(id);
    else if (isUnknown(outcome) || outcome.failure.code === 'INTERNAL') this.#maybeDeleted.add(id);
  }

  /**
   * Promises that no acknowledged write is lost, and that no book is an orphan. Waits until no deletion is pending; no
   * client may write any more.
   */
  async check(fault: Fault, bookstore: Bookstore): Promise<void> {
    await untilSettled(bookstore);
    const lost = await this.#findLost(bookstore);
    const acknowledged = this.#books.size + this.#authors.size + this.#deleted.size;
    fault.never(`acknowledged writes lost${lost.slice(0, 3).map((id) => ` (${id})`)}`, lost.length, acknowledged);
    fault.never('orphans', (await countOrphans(bookstore)).orphans);
  }

  /** Ids that were created and are not stored, or were deleted and are stored. */
  async #findLost(bookstore: Bookstore): Promise<string[]> {
    const ids = async (service: string, sql: string) =>
      (await bookstore.query<{ id: string }>(service, sql)).map(({ id }) => id);
    const stored = new Set([
      ...(await ids('author-service', 'SELECT id FROM authors')),
      ...(await ids('book-service', 'SELECT id FROM books')),
    ]);
    const closedByForce = new Set(
      await ids(
        'book-service',
        "SELECT author_id AS id FROM author_closings WHERE force AND outcome = 'CLOSED' AND book_count > 0",
      ),
    );
    const mayBeGone = (id: string) => this.#deleted.has(id) || this.#maybeDeleted.has(id);
    const isLost = (id: string) => !stored.has(id) && !mayBeGone(id);
    return [
      ...[...this.#authors].filter(isLost),
      ...[...this.#books].filter(([id, author]) => isLost(id) && !closedByForce.has(author)).map(([id]) => id),
      ...[...this.#deleted].filter((id) => stored.has(id)),
    ];
  }
}

/** Waits until no deletion is pending. */
export async function untilSettled(bookstore: Bookstore): Promise<void> {
  await until('the end of all pending deletions', 60_000, async () => (await countOrphans(bookstore)).deleting === 0);
}

/** How many books have no author, and how many authors are being deleted. Both databases must be at rest. */
export async function countOrphans(bookstore: Bookstore): Promise<{ orphans: number; deleting: number }> {
  // Authors last: an author that is created in between cannot make a book an orphan.
  const books = await bookstore.query<{ author_id: string; count: number }>(
    'book-service',
    'SELECT author_id, count(*)::int AS count FROM books GROUP BY author_id',
  );
  const authors = await bookstore.query<{ id: string; state: string }>(
    'author-service',
    'SELECT id, state::text FROM authors',
  );
  const known = new Set(authors.map(({ id }) => id));
  const orphans = books.filter(({ author_id }) => !known.has(author_id)).reduce((sum, { count }) => sum + count, 0);
  return { orphans, deleting: authors.filter(({ state }) => state === 'DELETING').length };
}
