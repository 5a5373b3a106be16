import { until } from '@bookstore/sandbox';
import type { Addresses } from '../client.js';

/** The faults of a service, or of the databases, that are possible wherever they run. */
export interface Breakable {
  /** Ends it at once, and returns when it has ended. */
  kill(): Promise<void>;
  /** Starts it, and returns when it serves. */
  start(): Promise<void>;
  /** It does not answer, and its connections stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** A bookstore under test. Services are named as their folders. */
export abstract class Bookstore implements AsyncDisposable {
  static readonly #running = new Set<Bookstore>();
  readonly #cleanUp: Array<() => Promise<unknown>> = [];

  protected constructor() {
    Bookstore.#running.add(this);
  }

  /** Of the public ports. */
  abstract readonly addresses: Addresses;
  abstract readonly databases: Breakable;
  abstract service(name: string): Breakable;
  /** Whether all services run. */
  abstract isRunning(): Promise<boolean>;
  /** Queries a service's database as its owner. */
  abstract query<T>(service: string, sql: string): Promise<T[]>;

  async ids(service: string, sql: string): Promise<string[]> {
    return (await this.query<{ id: string }>(service, sql)).map(({ id }) => id);
  }

  /** How many books have no author. */
  async countOrphans(): Promise<number> {
    // Authors last: an author that is created in between cannot make a book an orphan.
    const authorsOfBooks = await this.ids('book-service', 'SELECT author_id AS id FROM books');
    const authors = new Set(await this.ids('author-service', 'SELECT id FROM authors'));
    return authorsOfBooks.filter((id) => !authors.has(id)).length;
  }

  async countPendingDeletions(): Promise<number> {
    return (await this.ids('author-service', "SELECT id FROM authors WHERE state = 'DELETING'")).length;
  }

  /** Waits until no deletion is pending. */
  async untilSettled(): Promise<void> {
    await until('the end of all deletions', 60_000, async () => (await this.countPendingDeletions()) === 0);
  }

  /** Bookstores that were lent, and those of a run that was stopped. */
  static async removeAll(): Promise<void> {
    for (const bookstore of Bookstore.#running) await bookstore[Symbol.asyncDispose]();
  }

  /** Does the rest of a start. A bookstore that cannot start leaves nothing. */
  protected async started(rest: Promise<unknown>): Promise<this> {
    try {
      await rest;
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The last step is done first. */
  protected atTheEnd(step: () => Promise<unknown>): void {
    this.#cleanUp.push(step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Bookstore.#running.delete(this);
    for (const step of this.#cleanUp.splice(0).reverse()) await step();
  }
}

/** Lends bookstores to scenarios that leave them as they were. A scenario that fails does not give its one back. */
export function lender<B extends Bookstore>(start: () => Promise<B>) {
  const idle: B[] = [];
  return async (use: (bookstore: B) => Promise<void>): Promise<void> => {
    const bookstore = idle.pop() ?? (await start());
    try {
      await use(bookstore);
      idle.push(bookstore);
    } catch (error) {
      await bookstore[Symbol.asyncDispose]();
      throw error;
    }
  };
}
