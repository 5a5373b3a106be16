import { randomUUID } from 'node:crypto';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { until } from '@bookstore/sandbox';
import {
  type CallSettings,
  type Failure,
  failureOf,
  type PromiseClient,
  promiseClient,
} from '@bookstore/sandbox/testing';
import { channelOptions } from '@bookstore/service-kit';

/** How a call ended, and how long it took, ms. */
export type Outcome<T = unknown> = { readonly ms: number } & (
  | { readonly ok: true; readonly response: T }
  | { readonly ok: false; readonly failure: Failure }
);

/** gRPC targets of both services. */
export interface Addresses {
  readonly author: string;
  readonly book: string;
}

/** Longer than any time that the services promise. */
const DEADLINE_MS = 5000;

/** Calls both services, without retries, on connections of its own. Each call has an outcome and throws no error. */
export class BookstoreClient {
  readonly #authors: PromiseClient<AuthorServiceClient>;
  readonly #books: PromiseClient<BookServiceClient>;

  constructor({ author, book }: Addresses) {
    // By default, clients of one process share their connections.
    const options = { ...channelOptions([]), 'grpc.use_local_subchannel_pool': 1 };
    this.#authors = promiseClient(AuthorServiceClient, author, options);
    this.#books = promiseClient(BookServiceClient, book, options);
  }

  createAuthor(fields: { requestId?: string } = {}) {
    const author = { name: 'Chaos', email: `${randomUUID()}@example.com`, ...fields };
    return outcomeOf(this.#authors.createAuthor(author, within()));
  }

  getAuthor(id: string) {
    return outcomeOf(this.#authors.getAuthor({ id }, within()));
  }

  listAuthors() {
    return outcomeOf(this.#authors.listAuthors({}, within()));
  }

  updateAuthor(id: string) {
    return outcomeOf(this.#authors.updateAuthor({ id, name: 'Chaos again' }, within()));
  }

  deleteAuthor(id: string, force = false) {
    return outcomeOf(this.#authors.deleteAuthor({ id, force }, within()));
  }

  createBook(authorId: string, fields: { title?: string; requestId?: string } = {}, deadlineMs?: number) {
    const book = { title: 'Chaos', authorId, publishedYear: 1987, ...fields };
    return outcomeOf(this.#books.createBook(book, within(deadlineMs)));
  }

  getBook(id: string, deadlineMs?: number) {
    return outcomeOf(this.#books.getBook({ id }, within(deadlineMs)));
  }

  deleteBook(id: string) {
    return outcomeOf(this.#books.deleteBook({ id }, within()));
  }

  booksOf(authorId: string, deadlineMs?: number) {
    return outcomeOf(this.#books.getBooksByAuthor({ authorId }, within(deadlineMs)));
  }

  [Symbol.dispose](): void {
    this.#authors.close();
    this.#books.close();
  }
}

const within = (deadlineMs = DEADLINE_MS): CallSettings => ({ deadlineMs });

async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  const startedAt = performance.now();
  const ms = () => performance.now() - startedAt;
  try {
    return { ok: true, response: await call, ms: ms() };
  } catch (error) {
    const failedAfter = ms();
    return { ok: false, failure: await failureOf(Promise.reject(error)), ms: failedAfter };
  }
}

/** The response of a call that no fault disturbs. */
export async function must<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (outcome.ok) return outcome.response;
  throw new Error(`a call without any fault failed: ${labelOf(outcome)}: ${outcome.failure.message}`);
}

/** Such as `UNAVAILABLE/DELETE_PENDING`, or `OK`. */
export function labelOf(outcome: Outcome): string {
  if (outcome.ok) return 'OK';
  const { code, reason } = outcome.failure;
  return reason ? `${code}/${reason}` : code;
}

/** Whether a call that failed may have had its effect. */
export const isUnknown = (outcome: Outcome): boolean =>
  !outcome.ok && ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(outcome.failure.code);

/** How often each label occurs, the most frequent first. */
export function tally(labels: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([label, count]) => `${label} ${count}`).join(', ') || 'none';
}

/** A quantile of durations, whole ms; 0 without any. */
export function quantile(outcomes: readonly { readonly ms: number }[], share: number): number {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

/**
 * Repeats a call until it succeeds.
 *
 * @returns how long that took, ms
 */
export async function msUntilOk(call: () => Promise<Outcome>): Promise<number> {
  const startedAt = performance.now();
  await until('a call that succeeds', 30_000, async () => (await call()).ok);
  return Math.round(performance.now() - startedAt);
}
