import * as proto from '@bookstore/proto';
import {
  type AllFields,
  collectPage,
  Scopes,
  toMessage,
  type Validated,
  ZodValidationPipe,
} from '@bookstore/service-kit';
import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { Author } from './author.js';
import { AuthorsService } from './authors.service.js';
import * as requests from './requests.js';

/** AuthorService over gRPC. */
@Controller()
export class AuthorsController {
  constructor(private readonly authors: AuthorsService) {}

  @GrpcMethod('AuthorService')
  @Scopes('authors:write')
  async createAuthor(
    @Payload(new ZodValidationPipe(requests.createAuthor)) author: Validated<typeof requests.createAuthor>,
  ): Promise<proto.Author> {
    return toAuthor(await this.authors.create(author));
  }

  @GrpcMethod('AuthorService')
  @Scopes('authors:read')
  async getAuthor(
    @Payload(new ZodValidationPipe(requests.getAuthor)) { id }: Validated<typeof requests.getAuthor>,
  ): Promise<proto.Author> {
    return toAuthor(await this.authors.get(id));
  }

  @GrpcMethod('AuthorService')
  @Scopes('authors:write')
  async updateAuthor(
    @Payload(new ZodValidationPipe(requests.updateAuthor)) { id, ...change }: Validated<typeof requests.updateAuthor>,
  ): Promise<proto.UpdateAuthorResponse> {
    await this.authors.update(id, change);
    return { success: true, message: `author ${id} updated` };
  }

  @GrpcMethod('AuthorService')
  @Scopes('authors:write')
  async deleteAuthor(
    @Payload(new ZodValidationPipe(requests.deleteAuthor)) { id, force }: Validated<typeof requests.deleteAuthor>,
  ): Promise<proto.DeleteAuthorResponse> {
    await this.authors.delete(id, force);
    return { success: true, message: `author ${id} deleted` };
  }

  @GrpcMethod('AuthorService')
  @Scopes('authors:read')
  async listAuthors(
    @Payload(new ZodValidationPipe(requests.listAuthors)) page: Validated<typeof requests.listAuthors>,
  ): Promise<proto.ListAuthorsResponse> {
    const { items, nextPageToken } = await collectPage(page, {
      name: 'ListAuthors',
      read: (after, limit) => this.authors.list(after, limit),
      toMessage: toAuthor,
      type: proto.Author,
    });
    return { authors: items, nextPageToken };
  }
}

const toAuthor = (author: Author): AllFields<proto.Author> => toMessage(author);
