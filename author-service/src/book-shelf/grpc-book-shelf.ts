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
import type { Deletion } from '../authors/author.js';
import type { AuthorSettings } from '../settings.js';
import { BookServiceUnavailable, BookShelf } from './book-shelf.js';

/** The book service's internal port. */
@Injectable()
export class GrpcBookShelf extends BookShelf implements OnApplicationShutdown {
  readonly #peer: PeerClient<AuthorReferenceServiceClient>;

  constructor(
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    super();
    this.#peer = peerClient(AuthorReferenceServiceClient, settings.BOOK_SERVICE_ADDRESS, settings, logger, [
      { service: 'bookstore.book.v1.AuthorReferenceService', method: 'CloseAuthor' },
    ]);
  }

  async close({ opId, authorId, force }: Deletion) {
    const { client } = this.#peer;
    try {
      const closeAuthor = client.closeAuthor.bind(client);
      const { outcome, bookCount } = await callPeer(
        closeAuthor,
        { opId, authorId, force },
        this.settings.PEER_DEADLINE_MS,
      );
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

  onApplicationShutdown(): void {
    this.#peer.close();
  }
}
