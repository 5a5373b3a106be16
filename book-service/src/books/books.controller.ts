import type * as proto from '@bookstore/proto';
import { parse } from '@bookstore/service-kit';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Book } from './book.js';
import { BooksService } from './books.service.js';
import * as requests from './requests.js';

/** BookService as gRPC has it: parses, delegates, and shapes the answer. No rules. */
@Controller()
export class BooksController {
  constructor(private readonly books: BooksService) {}

  @GrpcMethod('BookService')
  async createBook(request: proto.CreateBookRequest): Promise<proto.Book> {
    return toProto(await this.books.create(parse(requests.createBook, request)));
  }

  @GrpcMethod('BookService')
  async getBook(request: proto.GetBookRequest): Promise<proto.Book> {
    return toProto(await this.books.get(parse(requests.getBook, request).id));
  }

  @GrpcMethod('BookService')
  async updateBook(request: proto.UpdateBookRequest): Promise<proto.UpdateBookResponse> {
    const { id, ...change } = parse(requests.updateBook, request);
    await this.books.update(id, change);
    return { success: true, message: `book ${id} updated` };
  }

  @GrpcMethod('BookService')
  async deleteBook(request: proto.DeleteBookRequest): Promise<proto.DeleteBookResponse> {
    const { id } = parse(requests.deleteBook, request);
    await this.books.delete(id);
    return { success: true, message: `book ${id} deleted` };
  }

  @GrpcMethod('BookService')
  async listBooks(request: proto.ListBooksRequest): Promise<proto.ListBooksResponse> {
    const { items, nextPageToken } = await this.books.list(parse(requests.listBooks, request));
    return { books: items.map(toProto), nextPageToken };
  }

  @GrpcMethod('BookService')
  async getBooksByAuthor(request: proto.GetBooksByAuthorRequest): Promise<proto.GetBooksByAuthorResponse> {
    const { authorId, ...page } = parse(requests.getBooksByAuthor, request);
    const { items, nextPageToken } = await this.books.listByAuthor(authorId, page);
    const books = items.map(({ id, title, publishedYear, createdAt }) => ({
      id,
      title,
      publishedYear,
      createdAt,
    }));
    return { books, nextPageToken };
  }
}

const toProto = ({ id, title, authorId, publishedYear, createdAt }: Book): proto.Book => ({
  id,
  title,
  authorId,
  publishedYear,
  createdAt,
});
