import { type Change, DomainError, type Given } from '@bookstore/service-kit';

/** A person who writes books. */
export interface Author {
  /** UUID version 7. */
  readonly id: string;
  readonly name: string;
  /** Unique without regard to case. */
  readonly email: string;
  readonly createdAt: Date;
}

type Content = Omit<Author, 'id' | 'createdAt'>;

export type NewAuthor = Given<Content> & {
  /** The caller's own UUID for this request, by which a retry is known (AIP-155). */
  readonly requestId?: string;
};

export type AuthorChange = Change<Content>;

/** One attempt to remove an author: its id makes the book service's answer the same for ever. */
export interface Deletion {
  readonly authorId: string;
  readonly opId: string;
  /** The author's books go, too. */
  readonly force: boolean;
}

const AUTHOR = 'bookstore.author.v1.Author';

export class AuthorNotFound extends DomainError {
  constructor(id: string) {
    const resource = { type: AUTHOR, name: id };
    super('NOT_FOUND', 'AUTHOR_NOT_FOUND', `no author has the id ${id}`, { resource });
  }
}

/** The message leaves the address out: it is personal, and messages end up in logs. */
export class EmailTaken extends DomainError {
  constructor() {
    const resource = { type: AUTHOR, name: 'email' };
    super('ALREADY_EXISTS', 'EMAIL_TAKEN', 'another author has this e-mail address', { resource });
  }
}

export class RequestIdReused extends DomainError {
  constructor(requestId: string) {
    const resource = { type: AUTHOR, name: requestId };
    super('ALREADY_EXISTS', 'REQUEST_ID_REUSED', 'this request_id came before with other content', { resource });
  }
}

export class AuthorHasBooks extends DomainError {
  constructor(bookCount: number) {
    const books = bookCount === 1 ? 'book' : 'books';
    super(
      'FAILED_PRECONDITION',
      'AUTHOR_HAS_BOOKS',
      `the author has ${bookCount} ${books}; delete them first, or use force`,
      { metadata: { book_count: String(bookCount) } },
    );
  }
}

/** The author is marked as being deleted, or may be, and the outcome is not known yet. */
export class DeletePending extends DomainError {
  constructor(cause: unknown) {
    const message = 'the outcome of the deletion is not known yet; call again, NOT_FOUND then means done';
    super('UNAVAILABLE', 'DELETE_PENDING', message, { cause });
  }
}

export class BookServiceUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'BOOK_SERVICE_UNAVAILABLE', 'the book service does not answer; try again', { cause });
  }
}
