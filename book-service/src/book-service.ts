import { AuthorReferenceServiceService, BookServiceService } from '@bookstore/proto';
import { NIL_UUID, type ServiceDefinition } from '@bookstore/service-kit';
import { AppModule } from './app.module.js';
import { AuthorReferencesRepository } from './author-references/author-references.repository.js';
import { BooksRepository } from './books/books.repository.js';
import { bookSettings } from './settings.js';

/** The book service for the kit. A copied service changes every line of it. */
export const bookService: ServiceDefinition = {
  name: 'book-service',
  settings: bookSettings,
  migrations: new URL('../prisma/migrations', import.meta.url),
  public: { 'bookstore.book.v1.BookService': BookServiceService },
  internal: { 'bookstore.book.v1.AuthorReferenceService': AuthorReferenceServiceService },
  module: AppModule,
  warmUp: async (app) => {
    await app.get(BooksRepository).warmUp();
    await app.get(AuthorReferencesRepository).find(NIL_UUID);
  },
};
