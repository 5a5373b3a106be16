import { randomUUID } from 'node:crypto';
import { type BookstoreClient, isUnknown, labelOf, type Outcome } from './client.js';
import type { Action, Operation } from './linearizability.js';

/** Which reason says that there is no such author, or no such book. */
const NOT_FOUND: Readonly<Record<Action['kind'], string>> = {
  'create-book': 'AUTHOR_NOT_FOUND',
  'delete-book': 'BOOK_NOT_FOUND',
  'get-book': 'BOOK_NOT_FOUND',
  'list-books': 'AUTHOR_NOT_FOUND',
  'delete-author': 'AUTHOR_NOT_FOUND',
};

/** Calls about one author, recorded as a history. */
export class RecordedAuthor {
  readonly operations: Operation[] = [];
  /** Ids of books whose creation was answered, by title. */
  readonly bookIds = new Map<string, string>();
  /** Answers that the contract does not allow here. */
  readonly unexpected: string[] = [];
  #clock = 0;
  #titles = 0;

  constructor(readonly id: string) {}

  /** Returns the new book's title. */
  async createBook(client: BookstoreClient): Promise<string> {
    const book = `book ${++this.#titles}`;
    const create = () => client.createBook(this.id, { title: book, requestId: randomUUID() });
    const outcome = await this.#record(create, { kind: 'create-book', book });
    if (outcome.ok) this.bookIds.set(book, outcome.response.id);
    return book;
  }

  async deleteBook(client: BookstoreClient, book: string): Promise<void> {
    await this.#record(() => client.deleteBook(this.#bookId(book)), { kind: 'delete-book', book });
  }

  async getBook(client: BookstoreClient, book: string): Promise<void> {
    await this.#record(() => client.getBook(this.#bookId(book)), { kind: 'get-book', book });
  }

  async listBooks(client: BookstoreClient): Promise<void> {
    await this.#record(
      () => client.booksOf(this.id),
      { kind: 'list-books' },
      ({ books }) => books.map(({ title }) => title),
    );
  }

  /** Returns whether the answer was OK. */
  async delete(client: BookstoreClient, force: boolean): Promise<boolean> {
    const { ok } = await this.#record(() => client.deleteAuthor(this.id, force), { kind: 'delete-author', force });
    return ok;
  }

  toString(): string {
    const lines = this.operations.map(({ action, begin, end }) => `  ${begin}..${end} ${JSON.stringify(action)}`);
    return `${this.id}\n${lines.join('\n')}`;
  }

  async #record<T>(
    call: () => Promise<Outcome<T>>,
    asked: { readonly kind: Action['kind']; readonly book?: string; readonly force?: boolean },
    answerOf: (response: T) => Action['answer'] = () => 'ok',
  ): Promise<Outcome<T>> {
    const begin = this.#clock++;
    const outcome = await call();
    const end = this.#clock++;
    const answer = outcome.ok ? answerOf(outcome.response) : this.#refusal(outcome, asked.kind);
    if (answer === undefined) return outcome;
    const action = { ...asked, answer } as Action;
    this.operations.push({ action, begin, end: answer === 'unknown' ? Number.POSITIVE_INFINITY : end });
    return outcome;
  }

  #refusal(outcome: Outcome & { ok: false }, kind: Action['kind']): Action['answer'] | undefined {
    const { reason, metadata } = outcome.failure;
    if (reason === NOT_FOUND[kind]) return 'no';
    if (reason === 'AUTHOR_HAS_BOOKS' && kind === 'delete-author') return Number(metadata?.book_count);
    if (isUnknown(outcome)) return 'unknown';
    this.unexpected.push(labelOf(outcome));
    return undefined;
  }

  /** The id of no book, where the answer with the id was lost. */
  #bookId(book: string): string {
    return this.bookIds.get(book) ?? randomUUID();
  }
}
