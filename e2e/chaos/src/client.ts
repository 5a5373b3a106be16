import { randomUUID } from 'node:crypto';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { until } from '@bookstore/sandbox';
import { type Failure, failureOf, promiseClient } from '@bookstore/sandbox/testing';
import { channelOptions } from '@bookstore/service-kit';

/** How a call ended, when it had begun on the clock of `performance.now()`, and how long it took, ms. */
export type Outcome<T = unknown> = { readonly begunAt: number; readonly ms: number } & (
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

export type BookstoreClient = ReturnType<typeof connect>;

/** Calls both services, without retries, on connections of its own. Each call has an outcome and throws no error. */
export function connect({ author, book }: Addresses) {
  // By default, clients of one process share their connections.
  const options = { ...channelOptions([]), 'grpc.use_local_subchannel_pool': 1 };
  const authors = promiseClient(AuthorServiceClient, author, options);
  const books = promiseClient(BookServiceClient, book, options);
  const within = (deadlineMs = DEADLINE_MS) => ({ deadlineMs });
  return {
    createAuthor: (fields: { requestId?: string } = {}) =>
      outcomeOf(authors.createAuthor({ name: 'Chaos', email: `${randomUUID()}@example.com`, ...fields }, within())),
    getAuthor: (id: string) => outcomeOf(authors.getAuthor({ id }, within())),
    listAuthors: () => outcomeOf(authors.listAuthors({}, within())),
    updateAuthor: (id: string) => outcomeOf(authors.updateAuthor({ id, name: 'Chaos again' }, within())),
    deleteAuthor: (id: string, force: boolean) => outcomeOf(authors.deleteAuthor({ id, force }, within())),
    createBook: (authorId: string, fields: { title?: string; requestId?: string } = {}, deadlineMs?: number) =>
      outcomeOf(books.createBook({ title: 'Chaos', authorId, publishedYear: 1987, ...fields }, within(deadlineMs))),
    getBook: (id: string, deadlineMs?: number) => outcomeOf(books.getBook({ id }, within(deadlineMs))),
    deleteBook: (id: string) => outcomeOf(books.deleteBook({ id }, within())),
    booksOf: (authorId: string, deadlineMs?: number) =>
      outcomeOf(books.getBooksByAuthor({ authorId }, within(deadlineMs))),
    [Symbol.dispose]: () => {
      authors.close();
      books.close();
    },
  };
}

async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  const begunAt = performance.now();
  const [settled] = await Promise.allSettled([call]);
  const times = { begunAt, ms: performance.now() - begunAt };
  if (settled.status === 'fulfilled') return { ok: true, response: settled.value, ...times };
  return { ok: false, failure: await failureOf(call), ...times };
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
export function tally(labels: readonly string[]): string {
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

/** Repeats a call until it succeeds, and returns how long that took, ms. */
export async function msUntilOk(call: () => Promise<Outcome>): Promise<number> {
  const startedAt = performance.now();
  await until('a call that succeeds', 30_000, async () => (await call()).ok);
  return Math.round(performance.now() - startedAt);
}
