import type { Deletion } from '../authors/author.js';

/** What authors need from the book service. */
export abstract class BooksClient {
  /**
   * Closes the author for new books, unless there are books. Repeated for the same deletion it returns the same outcome.
   *
   * @throws BookServiceUnavailable when there is no valid answer
   */
  abstract closeAuthor(deletion: Deletion): Promise<{ readonly closed: boolean; readonly bookCount: number }>;
}
