import { randomUUID } from 'node:crypto';
import type { BookstoreClient } from '../client/bookstore-client.js';
import type { CallSettings, Outcome } from '../client/outcome.js';
import type { Random } from '../random.js';
import type { Ledger } from './ledger.js';

/** Authors that are worked with at a time; the oldest is forgotten first. */
const AUTHORS = 24;

/** Which service a call went to. */
export type Side = 'author' | 'book';

export interface MixedCall {
  readonly side: Side;
  readonly method: string;
  readonly outcome: Outcome<unknown>;
}

/** Calls of all kinds on a few authors that come and go; what is acknowledged goes into the ledger. */
export class MixedCalls {
  readonly #authors: string[] = [];
  readonly #books: string[] = [];

  constructor(
    private readonly client: BookstoreClient,
    private readonly ledger: Ledger,
    private readonly settings: CallSettings = {},
  ) {}

  /** Makes one call. */
  async next(random: Random): Promise<MixedCall> {
    const draw = random.next();
    const author = random.pick(this.#authors);
    const book = random.pick(this.#books);
    if (author === undefined || draw < 0.1) return this.#createAuthor();
    if (draw < 0.45) return this.#createBook(author);
    if (draw < 0.55) return this.#deleteAuthor(author, random.chance(0.5));
    if (book !== undefined && draw < 0.62) return this.#deleteBook(book);
    if (book !== undefined && draw < 0.8)
      return this.#read('book', 'GetBook', this.client.getBook(book, this.settings));
    if (draw < 0.9) return this.#read('author', 'GetAuthor', this.client.getAuthor(author, this.settings));
    return this.#read('book', 'GetBooksByAuthor', this.client.booksOf(author, this.settings));
  }

  async #createAuthor(): Promise<MixedCall> {
    const id = randomUUID();
    const outcome = await this.client.createAuthor(`${id}@example.com`, id, this.settings);
    if (outcome.ok) {
      this.ledger.authorCreated(outcome.response.id);
      keep(this.#authors, outcome.response.id, AUTHORS);
    }
    return { side: 'author', method: 'CreateAuthor', outcome };
  }

  async #createBook(author: string): Promise<MixedCall> {
    const outcome = await this.client.createBook(author, { requestId: randomUUID() }, this.settings);
    if (outcome.ok) {
      this.ledger.bookCreated(outcome.response.id, author);
      keep(this.#books, outcome.response.id, 4 * AUTHORS);
    }
    return { side: 'book', method: 'CreateBook', outcome };
  }

  async #deleteAuthor(author: string, force: boolean): Promise<MixedCall> {
    const outcome = await this.client.deleteAuthor(author, force, this.settings);
    if (outcome.ok || isUnknown(outcome.code)) this.ledger.authorDeletion(author, outcome.ok);
    if (outcome.ok) remove(this.#authors, author);
    return { side: 'author', method: 'DeleteAuthor', outcome };
  }

  async #deleteBook(book: string): Promise<MixedCall> {
    const outcome = await this.client.deleteBook(book, this.settings);
    if (outcome.ok || isUnknown(outcome.code)) this.ledger.bookDeletion(book, outcome.ok);
    remove(this.#books, book);
    return { side: 'book', method: 'DeleteBook', outcome };
  }

  async #read(side: Side, method: string, answer: Promise<Outcome<unknown>>): Promise<MixedCall> {
    return { side, method, outcome: await answer };
  }
}

/** Reasons that the contract has for what mixed calls ask: nothing is wrong with a call that ends so. */
const ORDINARY = new Set(['AUTHOR_NOT_FOUND', 'BOOK_NOT_FOUND', 'AUTHOR_HAS_BOOKS']);

/** Whether the call was served: answered, or refused for a reason of the business. */
export const served = (outcome: Outcome<unknown>): boolean => outcome.ok || ORDINARY.has(outcome.reason);

/** A call that ended so may have been carried out or not. */
export const isUnknown = (code: string): boolean =>
  code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED' || code === 'CANCELLED' || code === 'INTERNAL';

function keep(list: string[], value: string, limit: number): void {
  list.push(value);
  if (list.length > limit) list.shift();
}

function remove(list: string[], value: string): void {
  const index = list.indexOf(value);
  if (index >= 0) list.splice(index, 1);
}
