import { randomUUID } from 'node:crypto';
import type { Bookstore } from './bookstore/bookstore.js';
import { type BookstoreClient, isUnknown, type Outcome } from './client.js';
import { below, chance } from './random.js';
import type { Run } from './scenario.js';

/** Authors and books that calls are about at a time; the oldest is forgotten first. */
const MAX_AUTHORS = 24;
const MAX_BOOKS = 96;
/** Below each time limit of a service. The shortest, 1.5 s, is that of a statement. */
const TIME_LIMIT_MS = 1400;

/**
 * Calls of all kinds about a few authors that come and go. What is acknowledged is written down, and compared with the
 * databases at the end.
 */
export class MixedCalls {
  #authors: readonly string[] = [];
  #books: readonly string[] = [];
  /** Authors and books; the author's id by the book's. */
  readonly #created = new Map<string, string | undefined>();
  readonly #deleted = new Set<string>();
  /** Deletions without an answer: they may have happened. */
  readonly #maybeDeleted = new Set<string>();

  /** Makes one call. */
  async next(client: BookstoreClient): Promise<Outcome> {
    const draw = Math.random();
    const author = this.#authors[below(this.#authors.length)];
    const book = this.#books[below(this.#books.length)];
    if (!author || draw < 0.1) return this.#create(client.createAuthor({ requestId: randomUUID() }));
    if (draw < 0.45) return this.#create(client.createBook(author, { requestId: randomUUID() }), author);
    if (draw < 0.55) return this.#delete(author, client.deleteAuthor(author, chance(0.5)));
    if (book && draw < 0.62) return this.#delete(book, client.deleteBook(book));
    if (book && draw < 0.8) return client.getBook(book);
    return draw < 0.9 ? client.getAuthor(author) : client.booksOf(author);
  }

  /**
   * Promises that no acknowledged write is lost, and that no book is an orphan. Waits until no deletion is pending; no
   * client may write any more.
   */
  async check(run: Run, bookstore: Bookstore): Promise<void> {
    await bookstore.untilSettled();
    const lost = await this.#findLost(bookstore);
    if (lost.length > 0) run.say(`lost: ${lost.slice(0, 3)}`);
    run.never('acknowledged writes lost', lost.length, this.#created.size + this.#deleted.size);
    run.promise('no orphans', (await bookstore.countOrphans()) === 0);
  }

  /** Ids that were created and are not stored, or were deleted and are stored. */
  async #findLost(bookstore: Bookstore): Promise<string[]> {
    const closings = 'SELECT author_id AS id FROM author_closings';
    const authors = await bookstore.ids('author-service', 'SELECT id FROM authors');
    const books = await bookstore.ids('book-service', 'SELECT id FROM books');
    const forced = `${closings} WHERE force AND outcome = 'CLOSED' AND book_count > 0`;
    const closedByForce = new Set<string | undefined>(await bookstore.ids('book-service', forced));
    const stored = new Set([...authors, ...books]);
    const mayBeGone = (id: string) => this.#deleted.has(id) || this.#maybeDeleted.has(id);
    const missing = [...this.#created].filter(
      ([id, author]) => !stored.has(id) && !mayBeGone(id) && !closedByForce.has(author),
    );
    return [...missing.map(([id]) => id), ...[...this.#deleted].filter((id) => stored.has(id))];
  }

  /** @param author of a book */
  async #create(call: Promise<Outcome<{ id: string }>>, author?: string): Promise<Outcome> {
    const outcome = await call;
    if (!outcome.ok) return outcome;
    const { id } = outcome.response;
    this.#created.set(id, author);
    if (author) this.#books = [...this.#books, id].slice(-MAX_BOOKS);
    else this.#authors = [...this.#authors, id].slice(-MAX_AUTHORS);
    return outcome;
  }

  async #delete(id: string, call: Promise<Outcome>): Promise<Outcome> {
    const outcome = await call;
    if (outcome.ok) this.#deleted.add(id);
    else if (isUnknown(outcome) || outcome.failure.code === 'INTERNAL') this.#maybeDeleted.add(id);
    if (outcome.ok || outcome.failure.code === 'NOT_FOUND') {
      this.#authors = this.#authors.filter((each) => each !== id);
      this.#books = this.#books.filter((each) => each !== id);
    }
    return outcome;
  }
}

/** Whether the call failed by a time limit, or was refused for others: as on a machine that is too busy. */
export const isTooSlow = (outcome: Outcome): boolean =>
  !outcome.ok && (outcome.ms >= TIME_LIMIT_MS || outcome.failure.code === 'RESOURCE_EXHAUSTED');

/** Whether the call was answered, or refused for a reason of the contract. */
export const isServed = (outcome: Outcome): boolean =>
  outcome.ok || ['AUTHOR_NOT_FOUND', 'BOOK_NOT_FOUND', 'AUTHOR_HAS_BOOKS'].includes(outcome.failure.reason ?? '');
