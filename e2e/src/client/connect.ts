import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { type PromiseClient, promiseClient } from '@bookstore/sandbox/testing';
import { inject } from 'vitest';
import type { Addresses } from '../targets/target.js';

/** A client of the whole bookstore. */
export interface Bookstore {
  readonly authors: PromiseClient<AuthorServiceClient>;
  readonly books: PromiseClient<BookServiceClient>;
  close(): void;
}

/** Connects to the run's target, or to another bookstore, by connections that no other client shares. */
export function connect(to: Addresses = inject('target')): Bookstore {
  const ownConnections = { 'grpc.use_local_subchannel_pool': 1 };
  const authors = promiseClient(AuthorServiceClient, to.authorAddress, ownConnections);
  const books = promiseClient(BookServiceClient, to.bookAddress, ownConnections);
  return {
    authors,
    books,
    close: () => {
      authors.close();
      books.close();
    },
  };
}
