import type { Change, Given } from '@bookstore/service-kit';

/** A book and who wrote it. */
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
  /** The caller's own UUID for this request, by which a retry is known (AIP-155). */
  readonly requestId?: string;
};

export type BookChange = Change<Omit<Content, 'authorId'>>;

/** The earliest year that a book may bear. */
export const FIRST_YEAR = -3000;

/** Whether a book may bear this year: announced ones are next year's at most, and there is no year 0. */
export function isPublicationYear(year: number, now = new Date()): boolean {
  return Number.isInteger(year) && year !== 0 && year >= FIRST_YEAR && year <= now.getUTCFullYear() + 1;
}

export class BookNotFound extends Error {
  override readonly name = 'BookNotFound';
  readonly reason = 'BOOK_NOT_FOUND';
  readonly resource: { type: string; name: string };
  constructor(id: string) {
    super(`no book has the id ${id}`);
    this.resource = { type: 'bookstore.book.v1.Book', name: id };
  }
}

export class AuthorNotFound extends Error {
  override readonly name = 'AuthorNotFound';
  readonly reason = 'AUTHOR_NOT_FOUND';
  readonly resource: { type: string; name: string };
  constructor(id: string) {
    super(`no author has the id ${id}`);
    this.resource = { type: 'bookstore.author.v1.Author', name: id };
  }
}

export class RequestIdReused extends Error {
  override readonly name = 'RequestIdReused';
  readonly reason = 'REQUEST_ID_REUSED';
  readonly resource: { type: string; name: string };
  constructor(requestId: string) {
    super('this request_id came before with other content');
    this.resource = { type: 'bookstore.book.v1.Book', name: requestId };
  }
}
