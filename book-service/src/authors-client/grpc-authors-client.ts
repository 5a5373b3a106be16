import { AuthorServiceClient } from '@bookstore/proto';
import { CallEnded, callPeer, Peers, SETTINGS } from '@bookstore/service-kit';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import { AuthorServiceUnavailable } from '../books/book.js';
import type { BookSettings } from '../settings.js';
import { AuthorsClient } from './authors-client.js';

/** The author service's internal port. */
@Injectable()
export class GrpcAuthorsClient extends AuthorsClient {
  readonly #client: AuthorServiceClient;

  constructor(peers: Peers, @Inject(SETTINGS) settings: BookSettings) {
    super();
    this.#client = peers.connect(AuthorServiceClient, {
      name: 'author-service',
      address: settings.AUTHOR_SERVICE_ADDRESS,
      idempotent: [{ service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' }],
    });
  }

  async exists(authorId: string): Promise<boolean> {
    try {
      await callPeer(this.#client.getAuthor.bind(this.#client), { id: authorId });
      return true;
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) return false;
      throw error instanceof CallEnded ? error : new AuthorServiceUnavailable(error);
    }
  }
}
