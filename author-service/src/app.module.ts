import { Module } from '@nestjs/common';
import { AuthorDeletion } from './authors/author-deletion.js';
import { AuthorsController } from './authors/authors.controller.js';
import { AuthorsRepository } from './authors/authors.repository.js';
import { AuthorsService } from './authors/authors.service.js';
import { DeletionRecovery } from './authors/deletion-recovery.js';
import { BooksClient } from './books-client/books-client.js';
import { GrpcBooksClient } from './books-client/grpc-books-client.js';
import { PrismaService } from './prisma.service.js';

@Module({
  controllers: [AuthorsController],
  providers: [
    AuthorsService,
    AuthorsRepository,
    PrismaService,
    AuthorDeletion,
    DeletionRecovery,
    { provide: BooksClient, useClass: GrpcBooksClient },
  ],
})
export class AppModule {}
