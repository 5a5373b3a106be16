import { collectPage, failPoint, type Page } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { AuthorDirectory } from '../author-directory/author-directory.js';
import { AuthorReferencesRepository } from '../author-references/author-references.repository.js';
import { AuthorNotFound, type Book, type BookChange, BookNotFound, type NewBook } from './book.js';
import { BooksRepository } from './books.repository.js';

interface PageOf {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** What can be done with books. */
@Injectable()
export class BooksService {
  constructor(
    private readonly repository: BooksRepository,
    private readonly references: AuthorReferencesRepository,
    private readonly directory: AuthorDirectory,
  ) {}

  /**
   * Of a known author without a call to the author service. Whether the author is just being deleted need not be known:
   * either the closing finds this book and is refused, or its tombstone refuses the book.
   *
   * @throws AuthorNotFound, RequestIdReused, AuthorServiceUnavailable
   */
  async create(book: NewBook): Promise<Book> {
    failPoint('create-book.received');
    const created = await this.repository.insert(book);
    if (created) {
      failPoint('create-book.inserted');
      return created;
    }
    failPoint('create-book.no-reference');
    await this.requireAuthor(book.authorId);
    failPoint('create-book.author-found');
    await this.references.add(book.authorId);
    failPoint('create-book.reference-added');
    const createdNow = await this.repository.insert(book);
    failPoint('create-book.inserted-with-reference');
    if (!createdNow) throw new AuthorNotFound(book.authorId); // closed in between
    return createdNow;
  }

  /** @throws BookNotFound */
  async get(id: string): Promise<Book> {
    const book = await this.repository.find(id);
    if (!book) throw new BookNotFound(id);
    return book;
  }

  /** @throws BookNotFound */
  async update(id: string, change: BookChange): Promise<void> {
    if (!(await this.repository.update(id, change))) throw new BookNotFound(id);
  }

  /** @throws BookNotFound */
  async delete(id: string): Promise<void> {
    if (!(await this.repository.delete(id))) throw new BookNotFound(id);
  }

  /** In the order of ids, which is the order of creation. */
  list(page: PageOf): Promise<Page<Book>> {
    return collectPage(
      { ...page, scope: 'ListBooks' },
      (after, limit) => this.repository.listAfter(after, limit),
      messageSize,
    );
  }

  /** @throws AuthorNotFound, AuthorServiceUnavailable */
  async listByAuthor(authorId: string, page: PageOf): Promise<Page<Book>> {
    const books = await collectPage(
      { ...page, scope: `GetBooksByAuthor ${authorId}` },
      (after, limit) => this.repository.listByAuthorAfter(authorId, after, limit),
      messageSize,
    );
    // A book's author exists, so only an empty page leaves the question open.
    if (books.items.length === 0) await this.requireAuthor(authorId);
    return books;
  }

  private async requireAuthor(authorId: string): Promise<void> {
    const known = await this.references.find(authorId);
    const exists = known ? known.live : await this.directory.exists(authorId);
    if (!exists) throw new AuthorNotFound(authorId);
  }
}

/** The most bytes of a book in a response: two ids, a time, a year and tags take fewer than 136. */
const messageSize = ({ title }: Book): number => Buffer.byteLength(title) + 136;
