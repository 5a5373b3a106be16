import { AuthorReferenceServiceClient, CloseAuthorOutcome } from '@bookstore/proto';
import {
  CallEnded,
  callPeer,
  LOGGER,
  type Logger,
  type PeerClient,
  peerClient,
  SETTINGS,
} from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { BookServiceUnavailable, type Deletion } from '../authors/author.js';
import type { AuthorSettings } from '../settings.js';
import { BooksClient } from './books-client.js';

/** The book service's internal port. */
@Injectable()
export class GrpcBooksClient extends BooksClient implements OnApplicationShutdown {
  readonly #peer: PeerClient<AuthorReferenceServiceClient>;

  constructor(
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    super();
    const peer = {
      name: 'book-service',
      address: settings.BOOK_SERVICE_ADDRESS,
      idempotent: [{ service: 'bookstore.book.v1.AuthorReferenceService', method: 'CloseAuthor' }],
    };
    this.#peer = peerClient(AuthorReferenceServiceClient, peer, settings, logger);
  }

  async closeAuthor({ opId, authorId, force }: Deletion) {
    const { client } = this.#peer;
    try {
      const request = { opId, authorId, force };
      const response = await callPeer(client.closeAuthor.bind(client), request, this.settings.PEER_DEADLINE_MS);
      switch (response.outcome) {
        case CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED:
          return { closed: true, bookCount: response.bookCount };
        case CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_HAS_BOOKS:
          return { closed: false, bookCount: response.bookCount };
        default:
          throw new Error(`unknown outcome ${response.outcome}`);
      }
    } catch (error) {
      throw error instanceof CallEnded ? error : new BookServiceUnavailable(error);
    }
  }

  onApplicationShutdown(): void {
    this.#peer.close();
  }
}
