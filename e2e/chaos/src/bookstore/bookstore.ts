import { until } from '@bookstore/sandbox';
import type { Addresses } from '../client.js';
import type { Run } from '../scenario.js';

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
  /** Of the public ports. */
  abstract readonly addresses: Addresses;
  abstract readonly databases: Breakable;
  /** Returns once all services serve. */
  abstract start(): Promise<void>;
  abstract service(name: string): Breakable;
  /** Whether all services run. */
  abstract isRunning(): Promise<boolean>;
  /** Queries a service's database as its owner. */
  abstract query<T>(service: string, sql: string): Promise<T[]>;
  /** Leaves nothing, also of a start that failed. */
  abstract [Symbol.asyncDispose](): Promise<void>;

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
}

/** What a scenario does with a bookstore of its own. */
export type Play<B extends Bookstore> = (run: Run, bookstore: B) => Promise<void>;

/** Runs a scenario until its end, or until the command is stopped. */
export async function playOn<B extends Bookstore>(bookstore: B, run: Run, play: Play<B>): Promise<void> {
  try {
    await using started = bookstore;
    await started.start();
    await Promise.race([play(run, started), run.stopped]);
  } catch (error) {
    run.say((error as Error).stack ?? String(error));
    run.promise('the scenario can be run to its end', false, 'see the log');
  }
}
