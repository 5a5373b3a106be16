import { type ServiceError, status } from '@grpc/grpc-js';
import { v5 as uuidv5 } from 'uuid';
import { atOnce } from '../at-once.js';
import { SandboxError } from '../sandbox-error.js';
import { type Bookstore, CALL_TIMEOUT_MS, oneLine } from './connect.js';

const CALLS_IN_FLIGHT = 32;
/** Never change it: data that is already there would be added again. */
const REQUEST_IDS = '5b0f5b9e-3f0c-4c8e-9d1e-6d3a4f0b7c21';
/** Statuses that concern one author or book. Any other one ends the load. */
const REFUSALS = [status.ALREADY_EXISTS, status.NOT_FOUND, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];
const SILENT = `a service has not answered for about ${CALL_TIMEOUT_MS / 1000} s; the next run continues here`;
const READ_THE_LOG = 'a call failed, and the log of the service says why; the next run continues here';
const ADVICE: Partial<Record<status, string>> = {
  [status.UNAUTHENTICATED]: 'a valid token is needed: set BOOKSTORE_TOKEN',
  [status.PERMISSION_DENIED]: 'the token needs the scopes authors:write and books:write',
  [status.UNIMPLEMENTED]: 'another service answers: check AUTHOR_PORT and BOOK_PORT',
  [status.UNAVAILABLE]: SILENT,
  [status.DEADLINE_EXCEEDED]: SILENT,
};

export interface NewAuthor {
  readonly name: string;
  readonly email: string;
}

export interface NewBook {
  /** Of an author in the same data set. */
  readonly authorEmail: string;
  readonly title: string;
  readonly publishedYear: number;
}

/** Authors and books, the same in each run. */
export interface DataSet {
  readonly authors: readonly NewAuthor[];
  readonly books: readonly NewBook[];
}

/** What became of the authors, or of the books, so far. */
export class Tally {
  created = 0;
  alreadyThere = 0;
  refused = 0;

  toString(): string {
    const refused = this.refused > 0 ? `, ${this.refused} refused` : '';
    return `${this.created} created, ${this.alreadyThere} already there${refused}`;
  }
}

/** How far a load has come. */
export interface Progress {
  readonly authors: Tally;
  readonly books: Tally;
  /** Called after each author and book. */
  onStep(): void;
}

/**
 * Creates the authors, then the books, each once however often this runs.
 *
 * @throws SandboxError when going on makes no sense; at the end, when a service has refused an author or a book
 */
export async function load(data: DataSet, { authors, books, settings }: Bookstore, progress: Progress): Promise<void> {
  const startedAt = Date.now();
  const authorIds = new Map<string, string>();
  let firstRefusal = '';

  /** @returns the id; undefined when the service refuses this one */
  async function created(what: string, tally: Tally, call: Promise<Created>): Promise<string | undefined> {
    try {
      const { id, createdAt } = await call;
      // A create that is sent again returns what the first one made.
      if (Date.parse(createdAt) < startedAt) tally.alreadyThere++;
      else tally.created++;
      return id;
    } catch (error) {
      const { code, details } = error as ServiceError;
      const failure = oneLine(`${status[code]}: ${details}`);
      if (!REFUSALS.includes(code)) throw new SandboxError(`${ADVICE[code] ?? READ_THE_LOG} (${failure})`);
      tally.refused++;
      firstRefusal ||= `${what}: ${failure}`;
      return undefined;
    } finally {
      progress.onStep();
    }
  }

  await atOnce(CALLS_IN_FLIGHT, data.authors.length, async (index) => {
    const { name, email } = data.authors[index] as NewAuthor;
    const request = { name, email, requestId: requestId('author', name, email) };
    const id = await created(`the author ${name}`, progress.authors, authors.createAuthor(request, settings));
    if (id) authorIds.set(email, id);
  });

  await atOnce(CALLS_IN_FLIGHT, data.books.length, async (index) => {
    const { authorEmail, title, publishedYear } = data.books[index] as NewBook;
    const authorId = authorIds.get(authorEmail);
    if (!authorId) {
      progress.books.refused++;
      return progress.onStep();
    }
    // By the e-mail address, since the author's id differs from database to database.
    const request = { title, authorId, publishedYear, requestId: requestId('book', authorEmail, title, publishedYear) };
    await created(`the book "${title}"`, progress.books, books.createBook(request, settings));
  });
  if (firstRefusal) throw new SandboxError(`not everything was added; the first refusal: ${firstRefusal}`);
}

/** The same for the same content, so that a service creates it once. */
export const requestId = (...content: (string | number)[]) => uuidv5(JSON.stringify(content), REQUEST_IDS);

type Created = { readonly id: string; readonly createdAt: string };
