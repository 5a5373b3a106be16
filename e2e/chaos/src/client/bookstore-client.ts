import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { NO_PROXY } from '@bookstore/sandbox';
import { channelOptions } from '@bookstore/service-kit';
import { type ChannelOptions, credentials } from '@grpc/grpc-js';
import { type CallSettings, call, type Outcome } from './outcome.js';

/** gRPC targets of both services. */
export interface Addresses {
  readonly author: string;
  readonly book: string;
}

/** What the bookstore offers, each call with an outcome instead of an exception. Connections are its own. */
export class BookstoreClient {
  readonly #authors: AuthorServiceClient;
  readonly #books: BookServiceClient;

  /** @param options of both channels; the kit's, without retries, when absent */
  constructor({ author, book }: Addresses, options: ChannelOptions = channelOptions([])) {
    // Else clients of one process share their connections.
    const own = { ...NO_PROXY, ...options, 'grpc.use_local_subchannel_pool': 1 };
    this.#authors = new AuthorServiceClient(author, credentials.createInsecure(), own);
    this.#books = new BookServiceClient(book, credentials.createInsecure(), own);
  }

  createAuthor(email: string, requestId = '', settings?: CallSettings) {
    return call(this.#authors.createAuthor.bind(this.#authors), { name: 'Chaos', email, requestId }, settings);
  }

  getAuthor(id: string, settings?: CallSettings) {
    return call(this.#authors.getAuthor.bind(this.#authors), { id }, settings);
  }

  updateAuthor(id: string, name: string, settings?: CallSettings) {
    return call(this.#authors.updateAuthor.bind(this.#authors), { id, name }, settings);
  }

  deleteAuthor(id: string, force = false, settings?: CallSettings) {
    return call(this.#authors.deleteAuthor.bind(this.#authors), { id, force }, settings);
  }

  createBook(authorId: string, { title = 'Chaos', requestId = '' } = {}, settings?: CallSettings) {
    const book = { title, authorId, publishedYear: 1987, requestId };
    return call(this.#books.createBook.bind(this.#books), book, settings);
  }

  getBook(id: string, settings?: CallSettings) {
    return call(this.#books.getBook.bind(this.#books), { id }, settings);
  }

  deleteBook(id: string, settings?: CallSettings) {
    return call(this.#books.deleteBook.bind(this.#books), { id }, settings);
  }

  booksOf(authorId: string, settings?: CallSettings) {
    const page = { authorId, pageSize: 0, pageToken: '' };
    return call(this.#books.getBooksByAuthor.bind(this.#books), page, settings);
  }

  listAuthors(pageSize = 0, pageToken = '', settings?: CallSettings) {
    return call(this.#authors.listAuthors.bind(this.#authors), { pageSize, pageToken }, settings);
  }

  listBooks(pageSize = 0, pageToken = '', settings?: CallSettings) {
    return call(this.#books.listBooks.bind(this.#books), { pageSize, pageToken }, settings);
  }

  close(): void {
    this.#authors.close();
    this.#books.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The response of a call that the laboratory itself needs to succeed. */
export function must<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.response;
  throw new Error(`a call that nothing disturbs failed: ${outcome.code} ${outcome.reason} ${outcome.details}`);
}
