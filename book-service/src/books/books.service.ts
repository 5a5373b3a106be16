import { failPoint } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { type AuthorReference, AuthorReferencesRepository } from '../author-references/author-references.repository.js';
import { AuthorsClient } from '../authors-client/authors-client.js';
import { AuthorNotFound, type Book, type BookChange, BookNotFound, type NewBook } from './book.js';
import { BooksRepository } from './books.repository.js';

/** The use cases of books. */
@Injectable()
export class BooksService {
  constructor(
    private readonly repository: BooksRepository,
    private readonly references: AuthorReferencesRepository,
    private readonly authors: AuthorsClient,
  ) {}

  /**
   * Creates a book. The author service is called only for an author without a reference. An author may be deleted at the
   * same time: either the closing finds this book and is refused, or its tombstone refuses the book.
   *
   * @throws AuthorNotFound, RequestIdReused, AuthorServiceUnavailable
   */
  async create(book: NewBook): Promise<Book> {
    failPoint('create-book.received');
    const reference = await this.references.find(book.authorId);
    if (reference?.live) {
      const created = await this.repository.create(book);
      failPoint('create-book.inserted');
      return created;
    }
    failPoint('create-book.no-reference');
    // A used request_id is recognized without the author service: its book was created meanwhile, or has other content.
    const twin = await this.repository.findTwin(book);
    if (twin) return twin;
    await this.requireAuthor(book.authorId, reference);
    failPoint('create-book.author-found');
    await this.references.add(book.authorId);
    failPoint('create-book.reference-added');
    const created = await this.repository.create(book);
    failPoint('create-book.inserted-with-reference');
    return created;
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

  /** At most `limit` books with ids after `after`, in the order of ids. */
  list(after: string | undefined, limit: number): Promise<Book[]> {
    return this.repository.list(after, limit);
  }

  /**
   * The same for one author. Books are read before the reference, which could otherwise be closed in between.
   *
   * @throws AuthorNotFound, AuthorServiceUnavailable
   */
  async listByAuthor(authorId: string, after: string | undefined, limit: number): Promise<Book[]> {
    const books = await this.repository.list(after, limit, authorId);
    if (books.length === 0) await this.requireAuthor(authorId, await this.references.find(authorId));
    return books;
  }

  private async requireAuthor(authorId: string, reference: AuthorReference | undefined): Promise<void> {
    const exists = reference ? reference.live : await this.authors.exists(authorId);
    if (!exists) throw new AuthorNotFound(authorId);
  }
}
