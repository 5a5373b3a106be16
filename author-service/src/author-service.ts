import { AuthorServiceService } from '@bookstore/proto';
import type { ServiceDefinition } from '@bookstore/service-kit';
import { AppModule } from './app.module.js';
import { AuthorsRepository } from './authors/authors.repository.js';
import { authorSettings } from './settings.js';

/** The author service for the kit. A copied service changes every line of it. */
export const authorService: ServiceDefinition = {
  name: 'author-service',
  settings: authorSettings,
  migrations: new URL('../prisma/migrations', import.meta.url),
  public: { 'bookstore.author.v1.AuthorService': AuthorServiceService },
  internal: { 'bookstore.author.v1.AuthorService': { getAuthor: AuthorServiceService.getAuthor } },
  module: AppModule,
  warmUp: (app) => app.get(AuthorsRepository).warmUp(),
};
