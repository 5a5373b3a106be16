import { Module } from '@nestjs/common';
import { AuthorReferencesController } from './author-references/author-references.controller.js';
import { AuthorReferencesRepository } from './author-references/author-references.repository.js';
import { AuthorsClient } from './authors-client/authors-client.js';
import { GrpcAuthorsClient } from './authors-client/grpc-authors-client.js';
import { BooksController } from './books/books.controller.js';
import { BooksRepository } from './books/books.repository.js';
import { BooksService } from './books/books.service.js';
import { PrismaService } from './prisma.service.js';

@Module({
  controllers: [BooksController, AuthorReferencesController],
  providers: [
    BooksService,
    BooksRepository,
    AuthorReferencesRepository,
    PrismaService,
    { provide: AuthorsClient, useClass: GrpcAuthorsClient },
  ],
})
export class AppModule {}
