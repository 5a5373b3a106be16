import type {
  CreateBookRequest,
  DeleteBookRequest,
  GetBookRequest,
  GetBooksByAuthorRequest,
  ListBooksRequest,
  UpdateBookRequest,
} from '@bookstore/proto';
import { status } from '@grpc/grpc-js';
import { Controller, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { type ClientGrpc, ClientsModule, GrpcMethod, RpcException } from '@nestjs/microservices';
import { PrismaPg } from '@prisma/adapter-pg';
import { firstValueFrom, type Observable } from 'rxjs';
import { type Prisma, PrismaClient } from '../../../../book-service/dist/generated/prisma/client.js';
import { grpcOptions, listen } from './grpc.js';

/** nest-prisma: NestJS and Prisma as their documentation shows them. The book service. */

const select = { id: true, title: true, authorId: true, publishedYear: true, createdAt: true } as const;
const selectOfAuthor = { id: true, title: true, publishedYear: true, createdAt: true } as const;

interface AuthorService {
  getAuthor(request: { id: string }): Observable<unknown>;
}

@Injectable()
class PrismaService extends PrismaClient {
  constructor() {
    super({
      adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 60_000 }),
    });
  }
}

@Controller()
class BooksController implements OnModuleInit {
  private authors!: AuthorService;

  constructor(
    private readonly prisma: PrismaService,
    @Inject('AUTHORS') private readonly client: ClientGrpc,
  ) {}

  onModuleInit() {
    this.authors = this.client.getService<AuthorService>('AuthorService');
  }

  /** Checks and then inserts: an author who is deleted in between leaves the book behind. */
  @GrpcMethod('BookService', 'CreateBook')
  async createBook({ title, authorId, publishedYear }: CreateBookRequest) {
    await firstValueFrom(this.authors.getAuthor({ id: authorId }));
    return toProto(await this.prisma.book.create({ data: { title, authorId, publishedYear }, select }));
  }

  @GrpcMethod('BookService', 'GetBook')
  async getBook({ id }: GetBookRequest) {
    const book = await this.prisma.book.findUnique({ where: { id }, select });
    if (!book) throw new RpcException({ code: status.NOT_FOUND, message: 'not found' });
    return toProto(book);
  }

  @GrpcMethod('BookService', 'UpdateBook')
  async updateBook({ id, ...data }: UpdateBookRequest) {
    await this.prisma.book.update({ where: { id }, data: data as Prisma.BookUpdateInput });
    return { success: true, message: `book ${id} updated` };
  }

  @GrpcMethod('BookService', 'DeleteBook')
  async deleteBook({ id }: DeleteBookRequest) {
    await this.prisma.book.delete({ where: { id } });
    return { success: true, message: `book ${id} deleted` };
  }

  @GrpcMethod('BookService', 'ListBooks')
  async listBooks({ pageSize, pageToken }: ListBooksRequest) {
    const books = await this.prisma.book.findMany({ select, ...pageOf(pageSize, pageToken) });
    return { books: books.map(toProto), nextPageToken: tokenAfter(books, pageSize) };
  }

  @GrpcMethod('BookService', 'GetBooksByAuthor')
  async getBooksByAuthor({ authorId, pageSize, pageToken }: GetBooksByAuthorRequest) {
    const books = await this.prisma.book.findMany({
      where: { authorId },
      select: selectOfAuthor,
      ...pageOf(pageSize, pageToken),
    });
    return { books: books.map(toProto), nextPageToken: tokenAfter(books, pageSize) };
  }
}

const pageOf = (pageSize: number, pageToken: string) => ({
  orderBy: { id: 'asc' as const },
  ...(pageSize && { take: pageSize }),
  ...(pageToken && { skip: 1, cursor: { id: pageToken } }),
});

const tokenAfter = (books: readonly { id: string }[], pageSize: number) =>
  books.length === pageSize ? books.at(-1)?.id : '';

const toProto = <T extends { createdAt: Date }>(book: T) => ({ ...book, createdAt: book.createdAt.toISOString() });

@Module({
  imports: [
    ClientsModule.register([{ name: 'AUTHORS', ...grpcOptions('author', process.env.AUTHOR_SERVICE_ADDRESS ?? '') }]),
  ],
  controllers: [BooksController],
  providers: [PrismaService],
})
class AppModule {}

await listen('book', AppModule);
