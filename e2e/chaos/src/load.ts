import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookstoreClient, Outcome } from './client.js';
import type { Ledger } from './ledger.js';
import { below, chance } from './random.js';

export interface MadeCall {
  readonly method: string;
  readonly outcome: Outcome;
}

export interface TimedCall extends MadeCall {
  /** On the clock of `performance.now()`. */
  readonly begunAt: number;
}

/** Authors and books that calls are about at a time; the oldest is forgotten first. */
const MAX_AUTHORS = 24;
const MAX_BOOKS = 96;
/** A service that does not answer must not pile up work here. */
const MAX_IN_FLIGHT = 400;
const TICK_MS = 10;

/** Calls of all kinds about a few authors that come and go. What is acknowledged is written into the ledger. */
export class MixedCalls {
  readonly #authors: string[] = [];
  readonly #books: string[] = [];

  constructor(
    private readonly client: BookstoreClient,
    private readonly ledger: Ledger,
  ) {}

  /** Makes one call. */
  async next(): Promise<MadeCall> {
    const draw = Math.random();
    const author = this.#authors[below(this.#authors.length)];
    const book = this.#books[below(this.#books.length)];
    if (!author || draw < 0.1) return { method: 'CreateAuthor', outcome: await this.#createAuthor() };
    if (draw < 0.45) return { method: 'CreateBook', outcome: await this.#createBook(author) };
    if (draw < 0.55) return { method: 'DeleteAuthor', outcome: await this.#deleteAuthor(author) };
    if (book && draw < 0.62) return { method: 'DeleteBook', outcome: await this.#deleteBook(book) };
    if (book && draw < 0.8) return { method: 'GetBook', outcome: await this.client.getBook(book) };
    if (draw < 0.9) return { method: 'GetAuthor', outcome: await this.client.getAuthor(author) };
    return { method: 'GetBooksByAuthor', outcome: await this.client.booksOf(author) };
  }

  async #createAuthor(): Promise<Outcome> {
    const outcome = await this.client.createAuthor({ requestId: randomUUID() });
    if (outcome.ok) {
      this.ledger.authorCreated(outcome.response.id);
      this.#authors.push(outcome.response.id);
      if (this.#authors.length > MAX_AUTHORS) this.#authors.shift();
    }
    return outcome;
  }

  async #createBook(author: string): Promise<Outcome> {
    const outcome = await this.client.createBook(author, { requestId: randomUUID() });
    if (outcome.ok) {
      this.ledger.bookCreated(outcome.response.id, author);
      this.#books.push(outcome.response.id);
      if (this.#books.length > MAX_BOOKS) this.#books.shift();
    }
    return outcome;
  }

  async #deleteAuthor(author: string): Promise<Outcome> {
    const outcome = await this.client.deleteAuthor(author, chance(0.5));
    this.ledger.deleted(author, outcome);
    if (outcome.ok) remove(this.#authors, author);
    return outcome;
  }

  async #deleteBook(book: string): Promise<Outcome> {
    const outcome = await this.client.deleteBook(book);
    this.ledger.deleted(book, outcome);
    remove(this.#books, book);
    return outcome;
  }
}

/** Begins calls at a steady rate, however long each takes, until it is stopped. */
export class SteadyLoad implements AsyncDisposable {
  readonly calls: TimedCall[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #ended: Promise<void>;
  #isStopped = false;

  constructor(
    private readonly source: MixedCalls,
    private readonly perSecond: number,
  ) {
    this.#ended = this.#run();
  }

  /** Begins no further call, waits for those in flight, and returns all of them. */
  async stop(): Promise<readonly TimedCall[]> {
    this.#isStopped = true;
    await this.#ended;
    await Promise.all(this.#inFlight);
    return this.calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    for (let begun = 0; !this.#isStopped; await sleep(TICK_MS)) {
      const due = ((performance.now() - startedAt) / 1000) * this.perSecond;
      for (; begun < due; begun++) if (this.#inFlight.size < MAX_IN_FLIGHT) this.#begin();
    }
  }

  #begin(): void {
    const begunAt = performance.now();
    const call = this.source
      .next()
      .then((made) => void this.calls.push({ ...made, begunAt }))
      .finally(() => this.#inFlight.delete(call));
    this.#inFlight.add(call);
  }
}

/** Whether the call was answered, or refused for a reason of the contract. */
export const isServed = (outcome: Outcome): boolean =>
  outcome.ok || ['AUTHOR_NOT_FOUND', 'BOOK_NOT_FOUND', 'AUTHOR_HAS_BOOKS'].includes(outcome.failure.reason ?? '');

function remove(list: string[], value: string): void {
  const index = list.indexOf(value);
  if (index >= 0) list.splice(index, 1);
}
