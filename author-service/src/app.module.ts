import { Module } from '@nestjs/common';
import { AuthorDeletion } from './authors/author-deletion.js';
import { AuthorsController } from './authors/authors.controller.js';
import { AuthorsRepository } from './authors/authors.repository.js';
import { AuthorsService } from './authors/authors.service.js';
import { DeletionRecovery } from './authors/deletion-recovery.js';
import { BookShelf } from './book-shelf/book-shelf.js';
import { GrpcBookShelf } from './book-shelf/grpc-book-shelf.js';
import { PrismaService } from './prisma.service.js';

@Module({
  controllers: [AuthorsController],
  providers: [
    AuthorsService,
    AuthorsRepository,
    PrismaService,
    AuthorDeletion,
    DeletionRecovery,
    { provide: BookShelf, useClass: GrpcBookShelf },
  ],
})
export class AppModule {}
