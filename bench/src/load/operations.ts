import { encodePageToken } from '@bookstore/service-kit';
import type { Goal } from '../report/judge.js';
import type { Bounds } from '../report/results.js';
import type { ContenderName, ServiceName } from './contenders.js';
import type { DataSize } from './prepare-data.js';
import {
  allBooks,
  anyAuthor,
  anyBook,
  authorsOfSize,
  existingAuthor,
  existingBook,
  newAuthor,
  newBook,
  pageOfBooks,
  type Requests,
} from './requests.js';

/** One thing that clients do, and how it is measured. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceName;
  /** Such as author.v1.AuthorService.GetAuthor. */
  readonly method: string;
  readonly contenders: readonly ContenderName[];
  readonly inFlight: number;
  readonly requests: Requests;
  /** What the bookstore is asked beside these, taking turns, under the name of the first page. */
  readonly firstPage?: Requests;
  /** Each request is sent once, so many for each second of a round; else they are sent in turn until its time is over. */
  readonly oncePerSecond?: number;
  /** Part of the own peak that an open loop sends at; a closed loop without. */
  readonly ofPeak?: number;
  /** Fields of the answer that the server makes up, and that no two contenders have alike. */
  readonly madeByServer?: readonly string[];
  /** Whether memory must stay as it is from round to round. */
  readonly memoryFlat?: boolean;
  /** Not in the short form. */
  readonly long?: boolean;
  readonly goals: readonly Goal[];
}

const calls = (against: ContenderName, atLeast: number): Goal => ({ of: 'callsPerSecond', against, atLeast });
const onAuthors = (method: string) =>
  ({ service: 'author-service', method: `author.v1.AuthorService.${method}` }) as const;
const onBooks = (method: string) => ({ service: 'book-service', method: `book.v1.BookService.${method}` }) as const;
const WITH_B = { contenders: ['B', 'bookstore'], inFlight: 64 } as const;

type Read = Pick<Operation, 'service' | 'method' | 'requests'> & { readonly of: string };

const getAuthor: Read = { of: 'GetAuthor', ...onAuthors('GetAuthor'), requests: anyAuthor((id) => ({ id })) };
const getBook: Read = { of: 'GetBook', ...onBooks('GetBook'), requests: anyBook((id) => ({ id })) };

/** A read by id by so many callers, each of whom waits for an answer before the next call. */
function closedLoops({ of, ...read }: Read): Operation[] {
  const at = (inFlight: number, more: Partial<Operation>): Operation => ({
    ...{ name: `${of}, ${inFlight} in flight`, ...read, ...WITH_B, inFlight, goals: [], long: true },
    ...more,
  });
  return [
    at(64, {
      contenders: ['E', 'B', 'N', 'bookstore'],
      long: false,
      goals: [calls('B', 1.5), calls('E', 0.85), calls('N', 3), { of: 'cpuPerCall', against: 'B', atMost: 0.65 }],
    }),
    at(1, { goals: [{ of: 'p50', against: 'B', atMost: 1.1 }], long: false }),
    at(16, {}),
    at(256, {}),
  ];
}

/** The same, sent at a part of the own peak whatever has been answered. */
function openLoops({ of, ...read }: Read): Operation[] {
  const at = (percent: number, p99: Bounds): Operation => ({
    ...{ name: `${of}, open loop at ${percent} % of its own peak`, ...read, ...WITH_B, ofPeak: percent / 100 },
    goals: [{ of: 'p99', against: 'B', ...p99 }],
    long: percent !== 50,
  });
  return [at(50, { atMost: 1.3 }), at(80, {})];
}

/**
 * What is measured on the large set of data, in the order of the report. Whatever changes the data comes late; last come
 * the open loops, since calls that pile up in one of them leave a process with memory that others would be told to use.
 */
export function operations({ books }: DataSize): Operation[] {
  const pages = books / 100;
  const longest = Math.min(10_000, books / 10);
  const lists = { ...WITH_B, inFlight: 16, goals: [calls('B', 0.9)] };
  const made = ['id', 'createdAt'];
  return [
    ...closedLoops(getAuthor),
    ...closedLoops(getBook),
    { ...lists, name: 'ListBooks, first page of 100', ...onBooks('ListBooks'), requests: pageOfBooks(1) },
    {
      ...{ ...lists, name: `ListBooks, ${pages}th page of 100`, ...onBooks('ListBooks'), requests: pageOfBooks(pages) },
      firstPage: pageOfBooks(1),
      goals: [...lists.goals, { of: 'p50', against: 'first page', atMost: 1.2 }],
    },
    { ...lists, name: 'GetBooksByAuthor, 10 books', ...onBooks('GetBooksByAuthor'), requests: authorsOfSize(10) },
    {
      ...{ ...lists, name: `GetBooksByAuthor, ${longest} books`, ...onBooks('GetBooksByAuthor'), inFlight: 4 },
      requests: authorsOfSize(longest),
      memoryFlat: true,
    },
    {
      ...{ ...WITH_B, name: 'UpdateAuthor', ...onAuthors('UpdateAuthor'), goals: [calls('B', 0.9)] },
      requests: anyAuthor((id) => ({ id, name: 'Another name' })),
    },
    {
      ...{ ...WITH_B, name: 'UpdateBook', ...onBooks('UpdateBook'), goals: [calls('B', 0.9)] },
      requests: anyBook((id) => ({ id, publishedYear: 1975 })),
    },
    {
      ...{ ...WITH_B, name: 'CreateBook, known author', ...onBooks('CreateBook'), requests: newBook },
      ...{ contenders: ['B', 'N', 'bookstore'], madeByServer: made, goals: [calls('B', 2), calls('N', 3)] },
    },
    {
      ...{ ...WITH_B, name: 'CreateAuthor', ...onAuthors('CreateAuthor'), requests: newAuthor, oncePerSecond: 4000 },
      ...{ madeByServer: made, goals: [calls('B', 0.9)] },
    },
    {
      ...{ ...WITH_B, name: 'DeleteBook', ...onBooks('DeleteBook'), requests: existingBook, oncePerSecond: 4000 },
      goals: [calls('B', 0.9)],
    },
    {
      ...{ ...WITH_B, name: 'DeleteAuthor', ...onAuthors('DeleteAuthor'), requests: existingAuthor },
      ...{ oncePerSecond: 1000, goals: [calls('B', 0.8)] },
    },
    ...[getAuthor, getBook].flatMap(openLoops),
  ];
}

/** What is measured where all books fit in one answer. */
export const onSmallData: readonly Operation[] = [
  {
    ...{ ...WITH_B, name: 'ListBooks, whole at 10000 books', ...onBooks('ListBooks'), requests: allBooks, inFlight: 4 },
    ...{ memoryFlat: true, goals: [calls('B', 0.9)] },
  },
];

/** The bookstore's page tokens are its own business: B has plain ids. */
export function forContender(name: ContenderName, requests: readonly object[]): readonly object[] {
  if (name === 'B') return requests;
  return requests.map((request) =>
    'pageToken' in request && request.pageToken
      ? { ...request, pageToken: encodePageToken('ListBooks', String(request.pageToken)) }
      : request,
  );
}
