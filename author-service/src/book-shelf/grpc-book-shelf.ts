import { AuthorReferenceServiceClient, CloseAuthorOutcome } from '@bookstore/proto';
import {
  CallEnded,
  callPeer,
  LOGGER,
  type Logger,
  type PeerChannel,
  peerChannel,
  SETTINGS,
  targetOf,
} from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Deletion } from '../authors/author.js';
import type { AuthorSettings } from '../settings.js';
import { BookServiceUnavailable, BookShelf } from './book-shelf.js';

/** The book service's internal port. */
@Injectable()
export class GrpcBookShelf extends BookShelf implements OnApplicationShutdown {
  readonly #client: AuthorReferenceServiceClient;
  readonly #channel: PeerChannel;

  constructor(
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    super();
    this.#channel = peerChannel(settings, logger, [
      { service: 'bookstore.book.v1.AuthorReferenceService', method: 'CloseAuthor' },
    ]);
    this.#client = new AuthorReferenceServiceClient(
      targetOf(settings.BOOK_SERVICE_ADDRESS),
      this.#channel.credentials,
      this.#channel.options,
    );
  }

  async close({ opId, authorId, force }: Deletion) {
    try {
      const closeAuthor = this.#client.closeAuthor.bind(this.#client);
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
    this.#client.close();
    this.#channel.close();
  }
}
