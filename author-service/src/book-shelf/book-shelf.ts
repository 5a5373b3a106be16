import type { Deletion } from '../authors/author.js';

/** What authors need from the books: to be let go. */
export abstract class BookShelf {
  /**
   * Closes the author against new books, unless books are there; asked again for the same deletion, it gives the same
   * answer.
   *
   * @throws BookServiceUnavailable when it does not answer, or not in a way that could be understood
   */
  abstract close(deletion: Deletion): Promise<{ readonly closed: boolean; readonly bookCount: number }>;
}

export class BookServiceUnavailable extends Error {
  override readonly name = 'BookServiceUnavailable';
  readonly reason = 'BOOK_SERVICE_UNAVAILABLE';
  constructor(cause: unknown) {
    super('the book service does not answer; try again', { cause });
  }
}
