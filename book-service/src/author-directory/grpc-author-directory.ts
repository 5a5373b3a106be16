import { AuthorServiceClient } from '@bookstore/proto';
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
import { type ServiceError, status } from '@grpc/grpc-js';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BookSettings } from '../settings.js';
import { AuthorDirectory, AuthorServiceUnavailable } from './author-directory.js';

/** The author service's internal port. */
@Injectable()
export class GrpcAuthorDirectory extends AuthorDirectory implements OnApplicationShutdown {
  readonly #client: AuthorServiceClient;
  readonly #channel: PeerChannel;

  constructor(
    @Inject(SETTINGS) private readonly settings: BookSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    super();
    this.#channel = peerChannel(settings, logger, [
      { service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' },
    ]);
    this.#client = new AuthorServiceClient(
      targetOf(settings.AUTHOR_SERVICE_ADDRESS),
      this.#channel.credentials,
      this.#channel.options,
    );
  }

  async exists(authorId: string): Promise<boolean> {
    try {
      await callPeer(this.#client.getAuthor.bind(this.#client), { id: authorId }, this.settings.PEER_DEADLINE_MS);
      return true;
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) return false;
      throw error instanceof CallEnded ? error : new AuthorServiceUnavailable(error);
    }
  }

  onApplicationShutdown(): void {
    this.#client.close();
    this.#channel.close();
  }
}
