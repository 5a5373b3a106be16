import { setMaxListeners } from 'node:events';
import type { Author, Book } from '@bookstore/proto';
import { type ServiceError, status } from '@grpc/grpc-js';
import { SandboxError } from '../sandbox-error.js';
import { explainEnd, explainRefusal } from './explain.js';
import { failureOf } from './failure.js';
import { inFlight } from './in-flight.js';
import { PatientCaller } from './patient-caller.js';
import type { LoadReport, Tally } from './report.js';
import { authorRequestId, bookRequestId } from './request-id.js';
import type { SeedAuthor, SeedBook, SeedSource } from './source.js';
import type { Target } from './target.js';

export interface LoadOptions {
  /** The most calls in flight. */
  readonly concurrency: number;
  /** Stops the load: calls in flight end, no other begins. */
  readonly signal: AbortSignal;
  /** How long a service may be in trouble; a minute when absent. */
  readonly troubleMs?: number;
}

type Answer<T> = (error: ServiceError | null, answer: T) => void;

/** Failures that concern one author or book only; any other ends the load. */
const REFUSALS = [status.ALREADY_EXISTS, status.NOT_FOUND, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];

/**
 * Puts the source's authors in, then its books, each once however often this runs. `report` grows on the way, and so
 * also tells how far a load came that failed or was stopped. Of the source only the ids of the authors are kept.
 *
 * @throws SandboxError when going on makes no sense, as without a service or a permission. What is refused singly is
 * in the report.
 */
export async function load(source: SeedSource, target: Target, report: LoadReport, options: LoadOptions) {
  const { authors, books, authorAddress, bookAddress, metadata } = target;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  // Every call in flight may be waiting for its next try.
  setMaxListeners(0, signal);
  const authorCaller = new PatientCaller(authorAddress, signal, options.troubleMs);
  const bookCaller = new PatientCaller(bookAddress, signal, options.troubleMs);
  const authorIds: string[] = [];

  /** Makes one create; returns the new resource's id, or none when it was refused or the load is stopped. */
  async function add<T extends { id: string; createdAt: string }>(
    caller: PatientCaller,
    tally: Tally,
    item: SeedAuthor | SeedBook,
    start: (deadline: number, answer: Answer<T>) => void,
  ): Promise<string | undefined> {
    try {
      const added = await caller.call((deadline) => {
        report.calls++;
        return new Promise<T>((resolve, reject) => {
          start(deadline, (error, answer) => (error ? reject(error) : resolve(answer)));
        });
      });
      if (added) report.added(tally, added);
      return added?.id;
    } catch (error) {
      const failure = error instanceof SandboxError ? undefined : failureOf(error);
      if (failure && REFUSALS.includes(failure.code)) {
        report.refused(tally, explainRefusal(item, failure));
        return undefined;
      }
      failed.abort();
      throw failure ? new SandboxError(explainEnd(caller.address, failure), { cause: error }) : error;
    }
  }

  await inFlight(numbered(source.authors()), options.concurrency, signal, async ([index, author]) => {
    const request = { name: author.name, email: author.email, requestId: authorRequestId(author) };
    const id = await add<Author>(authorCaller, report.authors, author, (deadline, answer) =>
      authors.createAuthor(request, metadata, { deadline }, answer),
    );
    authorIds[index] = id ?? '';
  });

  await inFlight(source.books(), options.concurrency, signal, async (book) => {
    const authorId = authorIds[book.authorIndex];
    if (!authorId) return report.leftOut(report.books);
    const request = { title: book.title, authorId, publishedYear: book.publishedYear, requestId: bookRequestId(book) };
    await add<Book>(bookCaller, report.books, book, (deadline, answer) =>
      books.createBook(request, metadata, { deadline }, answer),
    );
  });
}

function* numbered<T>(items: Iterable<T>): Iterable<[number, T]> {
  let number = 0;
  for (const item of items) yield [number++, item];
}
