import { encodePageToken } from '@bookstore/service-kit';
import type { Goal } from '../report/judge.js';
import type { ContenderName, ServiceName } from './contenders.js';
import type { DataSize } from './prepare-data.js';
import {
  anyAuthor,
  anyBook,
  authorsOfSize,
  existingAuthor,
  existingBook,
  firstBook,
  newAuthor,
  newBook,
  pageOfAuthors,
  pageOfBooks,
  type Requests,
} from './requests.js';

/** One kind of call, and how it is measured. */
export interface Operation {
  readonly name: string;
  readonly service: ServiceName;
  /** Such as author.v1.AuthorService.GetAuthor. */
  readonly method: string;
  readonly contenders: readonly ContenderName[];
  readonly inFlight: number;
  readonly requests: Requests;
  /** Each request is sent once only, at most so many in a second. Otherwise they are sent again and again. */
  readonly oncePerSecond?: number;
  /** An open loop sends at this part of the contender's own peak. A closed loop has none. */
  readonly ofPeak?: number;
  /** Fields of the response that the server generates, so that no two contenders have the same. */
  readonly madeByServer?: readonly string[];
  readonly goals: readonly Goal[];
}

/** At least so many calls per second as a multiple of pg's; nothing may be slower than nest-prisma. */
const atLeast = (pg: number, nestPrisma = 1): readonly Goal[] => [
  { of: 'callsPerSecond', against: 'pg', atLeast: pg },
  { of: 'callsPerSecond', against: 'nest-prisma', atLeast: nestPrisma },
];

const onAuthors = (method: string) =>
  ({ service: 'author-service', method: `author.v1.AuthorService.${method}` }) as const;
const onBooks = (method: string) => ({ service: 'book-service', method: `book.v1.BookService.${method}` }) as const;
const COMPARED = { contenders: ['pg', 'nest-prisma', 'bookstore'], inFlight: 64, goals: atLeast(0.5) } as const;

type Read = Pick<Operation, 'service' | 'method' | 'requests'> & { readonly of: string };

const getAuthor: Read = { of: 'GetAuthor', ...onAuthors('GetAuthor'), requests: anyAuthor((id) => ({ id })) };
const getBook: Read = { of: 'GetBook', ...onBooks('GetBook'), requests: anyBook((id) => ({ id })) };

/** A read by id. Each of the callers waits for its response before the next call. */
function closedLoops({ of, ...read }: Read): Operation[] {
  return [
    {
      ...{ ...COMPARED, ...read, name: `${of}, 64 in flight` },
      contenders: ['echo', ...COMPARED.contenders],
      goals: [...atLeast(1.05, 2.5), { of: 'cpuPerCall', against: 'pg' }],
    },
    {
      ...{ ...COMPARED, ...read, name: `${of}, 1 in flight`, inFlight: 1 },
      goals: [...COMPARED.goals, { of: 'p50', against: 'nest-prisma', atMost: 1 }],
    },
  ];
}

/** The same, sent at half of the contender's own peak, whether or not the calls before have been answered. */
const openLoop = ({ of, ...read }: Read): Operation => ({
  ...{ ...COMPARED, ...read, name: `${of}, open loop at 50 % of its own peak`, ofPeak: 0.5 },
  goals: [
    { of: 'p99', against: 'nest-prisma', atMost: 1 },
    { of: 'p99', against: 'pg' },
  ],
});

/**
 * In the order of the report. Operations that change the data come late. The open loops come last: when calls pile up in
 * one of them, the process keeps memory that would count for the operations after it.
 */
export function operations({ books }: DataSize): Operation[] {
  const longest = Math.min(10_000, books / 10);
  const lists = { ...COMPARED, inFlight: 16 };
  const creates = { ...COMPARED, madeByServer: ['id', 'createdAt'] };
  return [
    ...closedLoops(getAuthor),
    ...closedLoops(getBook),
    {
      ...{ ...lists, name: 'ListAuthors, page of 100', ...onAuthors('ListAuthors'), requests: pageOfAuthors },
      goals: atLeast(0.75),
    },
    {
      ...{ ...lists, name: 'ListBooks, page of 100', ...onBooks('ListBooks'), requests: pageOfBooks },
      goals: atLeast(0.75),
    },
    { ...lists, name: 'GetBooksByAuthor, 10 books', ...onBooks('GetBooksByAuthor'), requests: authorsOfSize(10) },
    {
      ...{ ...lists, name: `GetBooksByAuthor, ${longest} books`, ...onBooks('GetBooksByAuthor'), inFlight: 4 },
      requests: authorsOfSize(longest),
    },
    {
      ...{ ...COMPARED, name: 'UpdateAuthor', ...onAuthors('UpdateAuthor') },
      requests: anyAuthor((id) => ({ id, name: 'Another name' })),
    },
    {
      ...{ ...COMPARED, name: 'UpdateBook', ...onBooks('UpdateBook') },
      requests: anyBook((id) => ({ id, publishedYear: 1975 })),
    },
    {
      ...{ ...creates, name: 'CreateBook, known author', ...onBooks('CreateBook'), requests: newBook },
      goals: atLeast(1),
    },
    {
      ...{ ...creates, name: 'CreateBook, the author’s first', ...onBooks('CreateBook'), requests: firstBook },
      oncePerSecond: 3000,
    },
    {
      ...{ ...creates, name: 'CreateAuthor', ...onAuthors('CreateAuthor'), requests: newAuthor },
      oncePerSecond: 4000,
    },
    {
      ...{ ...COMPARED, name: 'DeleteBook', ...onBooks('DeleteBook'), requests: existingBook },
      oncePerSecond: 4000,
    },
    {
      ...{ ...COMPARED, name: 'DeleteAuthor', ...onAuthors('DeleteAuthor'), requests: existingAuthor },
      oncePerSecond: 2000,
    },
    ...[getAuthor, getBook].map(openLoop),
  ];
}

/** A page token of the bookstore is opaque; that of a peer is the id of the last item. */
export function forContender(name: ContenderName, { method }: Operation, requests: readonly object[]) {
  if (name === 'pg' || name === 'nest-prisma') return requests;
  const list = method.slice(method.lastIndexOf('.') + 1);
  return requests.map((request) =>
    'pageToken' in request && request.pageToken
      ? { ...request, pageToken: encodePageToken(list, String(request.pageToken)) }
      : request,
  );
}
