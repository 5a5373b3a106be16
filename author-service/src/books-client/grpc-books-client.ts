import { AuthorReferenceServiceClient, CloseAuthorOutcome } from '@bookstore/proto';
import { CallEnded, callPeer, Peers, SETTINGS } from '@bookstore/service-kit';
import { Inject, Injectable } from '@nestjs/common';
import { BookServiceUnavailable, type Deletion } from '../authors/author.js';
import type { AuthorSettings } from '../settings.js';
import { BooksClient } from './books-client.js';

/** The book service's internal port. */
@Injectable()
export class GrpcBooksClient extends BooksClient {
  readonly #client: AuthorReferenceServiceClient;

  constructor(peers: Peers, @Inject(SETTINGS) settings: AuthorSettings) {
    super();
    this.#client = peers.connect(AuthorReferenceServiceClient, {
      name: 'book-service',
      address: settings.BOOK_SERVICE_ADDRESS,
      idempotent: [{ service: 'bookstore.book.v1.AuthorReferenceService', method: 'CloseAuthor' }],
    });
  }

  async closeAuthor({ opId, authorId, force }: Deletion) {
    try {
      const request = { opId, authorId, force };
      const { outcome, bookCount } = await callPeer(this.#client.closeAuthor.bind(this.#client), request);
      switch (outcome) {
        case CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED:
          return { closed: true, bookCount };
        case CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_HAS_BOOKS:
          return { closed: false, bookCount };
        default:
          throw new Error(`unknown outcome ${outcome}`);
      }
    } catch (error) {
      throw error instanceof CallEnded ? error : new BookServiceUnavailable(error);
    }
  }
}
