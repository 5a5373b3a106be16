import * as proto from '@bookstore/proto';
import { type AllFields, collectPage, parse, toMessage } from '@bookstore/service-kit';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Author } from './author.js';
import { AuthorsService } from './authors.service.js';
import * as requests from './requests.js';

/** AuthorService as gRPC has it: parses, delegates, and shapes the answer. No rules. */
@Controller()
export class AuthorsController {
  constructor(private readonly authors: AuthorsService) {}

  @GrpcMethod('AuthorService')
  async createAuthor(request: proto.CreateAuthorRequest): Promise<proto.Author> {
    return toAuthor(await this.authors.create(parse(requests.createAuthor, request)));
  }

  @GrpcMethod('AuthorService')
  async getAuthor(request: proto.GetAuthorRequest): Promise<proto.Author> {
    return toAuthor(await this.authors.get(parse(requests.getAuthor, request).id));
  }

  @GrpcMethod('AuthorService')
  async updateAuthor(request: proto.UpdateAuthorRequest): Promise<proto.UpdateAuthorResponse> {
    const { id, ...change } = parse(requests.updateAuthor, request);
    await this.authors.update(id, change);
    return { success: true, message: `author ${id} updated` };
  }

  @GrpcMethod('AuthorService')
  async deleteAuthor(request: proto.DeleteAuthorRequest): Promise<proto.DeleteAuthorResponse> {
    const { id, force } = parse(requests.deleteAuthor, request);
    await this.authors.delete(id, force);
    return { success: true, message: `author ${id} deleted` };
  }

  @GrpcMethod('AuthorService')
  async listAuthors(request: proto.ListAuthorsRequest): Promise<proto.ListAuthorsResponse> {
    const { items, nextPageToken } = await collectPage(parse(requests.listAuthors, request), {
      name: 'ListAuthors',
      read: (after, limit) => this.authors.list(after, limit),
      toMessage: toAuthor,
      type: proto.Author,
    });
    return { authors: items, nextPageToken };
  }
}

const toAuthor = (author: Author): AllFields<proto.Author> => toMessage(author);
