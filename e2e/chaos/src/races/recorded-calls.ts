import { randomUUID } from 'node:crypto';
import type { BookstoreClient } from '../client/bookstore-client.js';
import { type Failed, labelOf } from '../client/outcome.js';
import { History } from '../linearizability/history.js';

/** Statuses after which the call may have been carried out or not. */
const UNKNOWN = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED']);

/** Calls about one author, each of which goes into the author's history. */
export class RecordedCalls {
  readonly history = new History();
  /** Ids of books whose creation was answered, by title. */
  readonly ids = new Map<string, string>();
  /** Answers that the contract has no place for here. */
  readonly unexpected: string[] = [];
  #titles = 0;

  constructor(readonly authorId: string) {}

  /** The new book's title. */
  async createBook(client: BookstoreClient): Promise<string> {
    const book = `book ${++this.#titles}`;
    await this.history.record(
      () => client.createBook(this.authorId, { title: book, requestId: randomUUID() }),
      (outcome) => {
        if (outcome.ok) this.ids.set(book, outcome.response.id);
        const answer = outcome.ok ? 'created' : this.#failure(outcome, 'AUTHOR_NOT_FOUND', 'no author');
        return answer && { kind: 'create-book', book, answer };
      },
    );
    return book;
  }

  async deleteBook(client: BookstoreClient, book: string): Promise<void> {
    await this.history.record(
      () => client.deleteBook(this.ids.get(book) ?? randomUUID()),
      (outcome) => {
        const answer = outcome.ok ? 'deleted' : this.#failure(outcome, 'BOOK_NOT_FOUND', 'no book');
        return answer && { kind: 'delete-book', book, answer };
      },
    );
  }

  async getBook(client: BookstoreClient, book: string): Promise<void> {
    await this.history.record(
      () => client.getBook(this.ids.get(book) ?? randomUUID()),
      (outcome) => {
        const answer = outcome.ok ? 'found' : this.#failure(outcome, 'BOOK_NOT_FOUND', 'no book');
        return answer && answer !== 'unknown' ? { kind: 'get-book', book, answer } : undefined;
      },
    );
  }

  async listBooks(client: BookstoreClient): Promise<void> {
    await this.history.record(
      () => client.booksOf(this.authorId),
      (outcome) => {
        if (outcome.ok) return { kind: 'list-books', answer: outcome.response.books.map(({ title }) => title) };
        const answer = this.#failure(outcome, 'AUTHOR_NOT_FOUND', 'no author');
        return answer === 'no author' ? { kind: 'list-books', answer } : undefined;
      },
    );
  }

  /** Whether it was answered OK. */
  async deleteAuthor(client: BookstoreClient, force: boolean): Promise<boolean> {
    const outcome = await this.history.record(
      () => client.deleteAuthor(this.authorId, force),
      (ended) => {
        if (ended.ok) return { kind: 'delete-author', force, answer: 'deleted' };
        const answer =
          ended.reason === 'AUTHOR_HAS_BOOKS'
            ? Number(ended.metadata.book_count)
            : this.#failure(ended, 'AUTHOR_NOT_FOUND', 'no author');
        return answer === undefined ? undefined : { kind: 'delete-author', force, answer };
      },
    );
    return outcome.ok;
  }

  #failure<A extends string>(failed: Failed, reason: string, answer: A): A | 'unknown' | undefined {
    if (failed.reason === reason) return answer;
    if (!UNKNOWN.has(failed.code)) this.unexpected.push(labelOf(failed));
    return UNKNOWN.has(failed.code) ? 'unknown' : undefined;
  }
}
