import type { Change, Given } from '@bookstore/service-kit';

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

export class AuthorNotFound extends Error {
  override readonly name = 'AuthorNotFound';
  readonly reason = 'AUTHOR_NOT_FOUND';
  readonly resource: { type: string; name: string };
  constructor(id: string) {
    super(`no author has the id ${id}`);
    this.resource = { type: 'bookstore.author.v1.Author', name: id };
  }
}

/** The message leaves the address out: it is personal, and messages end up in logs. */
export class EmailTaken extends Error {
  override readonly name = 'EmailTaken';
  readonly reason = 'EMAIL_TAKEN';
  readonly resource = { type: 'bookstore.author.v1.Author', name: 'email' };
  constructor() {
    super('another author has this e-mail address');
  }
}

export class RequestIdReused extends Error {
  override readonly name = 'RequestIdReused';
  readonly reason = 'REQUEST_ID_REUSED';
  readonly resource: { type: string; name: string };
  constructor(requestId: string) {
    super('this request_id came before with other content');
    this.resource = { type: 'bookstore.author.v1.Author', name: requestId };
  }
}

export class AuthorHasBooks extends Error {
  override readonly name = 'AuthorHasBooks';
  readonly reason = 'AUTHOR_HAS_BOOKS';
  readonly metadata: { book_count: string };
  constructor(bookCount: number) {
    super(`the author has ${bookCount} ${bookCount === 1 ? 'book' : 'books'}; delete them first, or use force`);
    this.metadata = { book_count: String(bookCount) };
  }
}

/** The author is marked as being deleted, or may be, and how that ends is not known yet. */
export class DeletePending extends Error {
  override readonly name = 'DeletePending';
  readonly reason = 'DELETE_PENDING';
  constructor(cause: unknown) {
    super('the outcome of the deletion is not known yet; call again, NOT_FOUND then means done', { cause });
  }
}
