import * as proto from '@bookstore/proto';
import { type AllFields, collectPage, parse, toMessage } from '@bookstore/service-kit';
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
    return toBook(await this.books.create(parse(requests.createBook, request)));
  }

  @GrpcMethod('BookService')
  async getBook(request: proto.GetBookRequest): Promise<proto.Book> {
    return toBook(await this.books.get(parse(requests.getBook, request).id));
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
    const { items, nextPageToken } = await collectPage(parse(requests.listBooks, request), {
      name: 'ListBooks',
      read: (after, limit) => this.books.list(after, limit),
      toMessage: toBook,
      type: proto.Book,
    });
    return { books: items, nextPageToken };
  }

  @GrpcMethod('BookService')
  async getBooksByAuthor(request: proto.GetBooksByAuthorRequest): Promise<proto.GetBooksByAuthorResponse> {
    const { authorId, ...page } = parse(requests.getBooksByAuthor, request);
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
