import { type Change, DomainError, type Given } from '@bookstore/service-kit';

/** A book and its author. */
export interface Book {
  /** UUID version 7. */
  readonly id: string;
  readonly title: string;
  readonly authorId: string;
  /** Year of first publication; negative before the common era, never 0. */
  readonly publishedYear: number;
  readonly createdAt: Date;
}

type Content = Omit<Book, 'id' | 'createdAt'>;

export type NewBook = Given<Content> & {
  /** The caller's UUID for this request; a retry has the same one (AIP-155). */
  readonly requestId?: string;
};

export type BookChange = Change<Omit<Content, 'authorId'>>;

/** The earliest year of publication. */
export const FIRST_YEAR = -3000;

/** There is no year 0, and a book may be announced for the next year. */
export function isPublicationYear(year: number, now = new Date()): boolean {
  return Number.isInteger(year) && year !== 0 && year >= FIRST_YEAR && year <= now.getUTCFullYear() + 1;
}

const BOOK = 'bookstore.book.v1.Book';

export class BookNotFound extends DomainError {
  constructor(id: string) {
    super('NOT_FOUND', 'BOOK_NOT_FOUND', `no book has the id ${id}`, { resource: { type: BOOK, name: id } });
  }
}

export class AuthorNotFound extends DomainError {
  constructor(id: string) {
    const resource = { type: 'bookstore.author.v1.Author', name: id };
    super('NOT_FOUND', 'AUTHOR_NOT_FOUND', `no author has the id ${id}`, { resource });
  }
}

export class RequestIdReused extends DomainError {
  constructor(requestId: string) {
    const resource = { type: BOOK, name: requestId };
    super('ALREADY_EXISTS', 'REQUEST_ID_REUSED', 'this request_id was used with other content', { resource });
  }
}

export class AuthorServiceUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'AUTHOR_SERVICE_UNAVAILABLE', 'the author service does not answer; try again', { cause });
  }
}
