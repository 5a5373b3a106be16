import { AuthorServiceClient } from '@bookstore/proto';
import {
  CallEnded,
  callPeer,
  LOGGER,
  type Logger,
  type PeerClient,
  peerClient,
  SETTINGS,
} from '@bookstore/service-kit';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AuthorServiceUnavailable } from '../books/book.js';
import type { BookSettings } from '../settings.js';
import { AuthorsClient } from './authors-client.js';

/** The author service's internal port. */
@Injectable()
export class GrpcAuthorsClient extends AuthorsClient implements OnApplicationShutdown {
  readonly #peer: PeerClient<AuthorServiceClient>;

  constructor(
    @Inject(SETTINGS) private readonly settings: BookSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    super();
    const peer = {
      name: 'author-service',
      address: settings.AUTHOR_SERVICE_ADDRESS,
      idempotent: [{ service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' }],
    };
    this.#peer = peerClient(AuthorServiceClient, peer, settings, logger);
  }

  async exists(authorId: string): Promise<boolean> {
    const { client } = this.#peer;
    try {
      await callPeer(client.getAuthor.bind(client), { id: authorId }, this.settings.PEER_DEADLINE_MS);
      return true;
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) return false;
      throw error instanceof CallEnded ? error : new AuthorServiceUnavailable(error);
    }
  }

  onApplicationShutdown(): void {
    this.#peer.close();
  }
}
