import type { FaultyBookstore } from '../bookstore/chaos-bookstore.js';

/** What was acknowledged to clients, to be held against the databases later. */
export class Ledger {
  /** Author's id by book's id. */
  readonly #books = new Map<string, string>();
  readonly #authors = new Set<string>();
  readonly #deletedBooks = new Set<string>();
  readonly #deletedAuthors = new Set<string>();
  /** Deletions whose answer never came: carried out or not. */
  readonly #maybeDeletedBooks = new Set<string>();
  readonly #maybeDeletedAuthors = new Set<string>();

  authorCreated(id: string): void {
    this.#authors.add(id);
  }

  bookCreated(id: string, authorId: string): void {
    this.#books.set(id, authorId);
  }

  bookDeletion(id: string, acknowledged: boolean): void {
    (acknowledged ? this.#deletedBooks : this.#maybeDeletedBooks).add(id);
  }

  authorDeletion(id: string, acknowledged: boolean): void {
    (acknowledged ? this.#deletedAuthors : this.#maybeDeletedAuthors).add(id);
  }

  get size(): number {
    return this.#books.size + this.#authors.size + this.#deletedBooks.size + this.#deletedAuthors.size;
  }

  /** Acknowledged writes that the databases do not know of, each in words. They must be at rest. */
  async findLost(bookstore: FaultyBookstore): Promise<string[]> {
    const ids = async (database: 'authors' | 'books', sql: string) =>
      new Set((await bookstore.query<{ id: string }>(database, sql)).map(({ id }) => id));
    const books = await ids('books', 'SELECT id FROM books');
    const authors = await ids('authors', 'SELECT id FROM authors');
    const emptied = await ids(
      'books',
      "SELECT author_id AS id FROM author_closings WHERE force AND outcome = 'CLOSED' AND book_count > 0",
    );
    return [
      ...[...this.#books]
        .filter(([id, author]) => !books.has(id) && !emptied.has(author) && !this.#bookMayBeGone(id))
        .map(([id]) => `book ${id} was created and is not there`),
      ...[...this.#authors]
        .filter((id) => !authors.has(id) && !this.#deletedAuthors.has(id) && !this.#maybeDeletedAuthors.has(id))
        .map((id) => `author ${id} was created and is not there`),
      ...[...this.#deletedBooks].filter((id) => books.has(id)).map((id) => `book ${id} was deleted and is there`),
      ...[...this.#deletedAuthors].filter((id) => authors.has(id)).map((id) => `author ${id} was deleted and is there`),
    ];
  }

  #bookMayBeGone(id: string): boolean {
    return this.#deletedBooks.has(id) || this.#maybeDeletedBooks.has(id);
  }
}
