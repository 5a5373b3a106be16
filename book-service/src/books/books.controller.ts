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
import type { Book } from './book.js';
import { BooksService } from './books.service.js';
import * as requests from './requests.js';

/** BookService over gRPC. */
@Controller()
export class BooksController {
  constructor(private readonly books: BooksService) {}

  @GrpcMethod('BookService')
  @Scopes('books:write')
  async createBook(
    @Payload(new ZodValidationPipe(requests.createBook)) book: Validated<typeof requests.createBook>,
  ): Promise<proto.Book> {
    return toBook(await this.books.create(book));
  }

  @GrpcMethod('BookService')
  @Scopes('books:read')
  async getBook(
    @Payload(new ZodValidationPipe(requests.getBook)) { id }: Validated<typeof requests.getBook>,
  ): Promise<proto.Book> {
    return toBook(await this.books.get(id));
  }

  @GrpcMethod('BookService')
  @Scopes('books:write')
  async updateBook(
    @Payload(new ZodValidationPipe(requests.updateBook)) { id, ...change }: Validated<typeof requests.updateBook>,
  ): Promise<proto.UpdateBookResponse> {
    await this.books.update(id, change);
    return { success: true, message: `book ${id} updated` };
  }

  @GrpcMethod('BookService')
  @Scopes('books:write')
  async deleteBook(
    @Payload(new ZodValidationPipe(requests.deleteBook)) { id }: Validated<typeof requests.deleteBook>,
  ): Promise<proto.DeleteBookResponse> {
    await this.books.delete(id);
    return { success: true, message: `book ${id} deleted` };
  }

  @GrpcMethod('BookService')
  @Scopes('books:read')
  async listBooks(
    @Payload(new ZodValidationPipe(requests.listBooks)) page: Validated<typeof requests.listBooks>,
  ): Promise<proto.ListBooksResponse> {
    const { items, nextPageToken } = await collectPage(page, {
      name: 'ListBooks',
      read: (after, limit) => this.books.list(after, limit),
      toMessage: toBook,
      type: proto.Book,
    });
    return { books: items, nextPageToken };
  }

  @GrpcMethod('BookService')
  @Scopes('books:read')
  async getBooksByAuthor(
    @Payload(new ZodValidationPipe(requests.getBooksByAuthor)) {
      authorId,
      ...page
    }: Validated<typeof requests.getBooksByAuthor>,
  ): Promise<proto.GetBooksByAuthorResponse> {
    const { items, nextPageToken } = await collectPage(page, {
      name: `GetBooksByAuthor ${authorId}`,
      read: (after, limit) => this.books.listByAuthor(authorId, after, limit),
      toMessage: toAuthorBook,
      type: proto.AuthorBook,
    });
    return { books: items, nextPageToken };
  }
}

const toBook = (book: Book): AllFields<proto.Book> => toMessage(book);
const toAuthorBook = (book: Book): AllFields<proto.AuthorBook> => toMessage(book);
