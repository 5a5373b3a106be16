import { Module } from '@nestjs/common';
import { AuthorDirectory } from './author-directory/author-directory.js';
import { GrpcAuthorDirectory } from './author-directory/grpc-author-directory.js';
import { AuthorReferencesController } from './author-references/author-references.controller.js';
import { AuthorReferencesRepository } from './author-references/author-references.repository.js';
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
    { provide: AuthorDirectory, useClass: GrpcAuthorDirectory },
  ],
})
export class AppModule {}
