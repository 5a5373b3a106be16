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
  /** The caller's UUID for this request; a retry has the same one (AIP-155). */
  readonly requestId?: string;
};

export type AuthorChange = Change<Content>;

/** One attempt to delete an author. The book service's answer to its id never changes. */
export interface Deletion {
  readonly authorId: string;
  readonly opId: string;
  /** Also deletes the author's books. */
  readonly force: boolean;
}

const AUTHOR = 'bookstore.author.v1.Author';

export class AuthorNotFound extends DomainError {
  constructor(id: string) {
    const resource = { type: AUTHOR, name: id };
    super('NOT_FOUND', 'AUTHOR_NOT_FOUND', `no author has the id ${id}`, { resource });
  }
}

/** The message does not contain the address: it is personal data, and messages are logged. */
export class EmailTaken extends DomainError {
  constructor() {
    const resource = { type: AUTHOR, name: 'email' };
    super('ALREADY_EXISTS', 'EMAIL_TAKEN', 'another author has this e-mail address', { resource });
  }
}

export class RequestIdReused extends DomainError {
  constructor(requestId: string) {
    const resource = { type: AUTHOR, name: requestId };
    super('ALREADY_EXISTS', 'REQUEST_ID_REUSED', 'this request_id was used with other content', { resource });
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

/** The author is, or may be, marked as being deleted, and the outcome is not known yet. */
export class DeletePending extends DomainError {
  constructor(authorId: string, cause: unknown) {
    const message = 'the outcome of the deletion is not known yet; call again, NOT_FOUND then means done';
    super('UNAVAILABLE', 'DELETE_PENDING', message, { pending: authorId, cause });
  }
}

export class BookServiceUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'BOOK_SERVICE_UNAVAILABLE', 'the book service does not answer; try again', { cause });
  }
}
