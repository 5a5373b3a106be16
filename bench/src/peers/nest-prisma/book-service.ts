import type * as proto from '@bookstore/proto';
import { status } from '@grpc/grpc-js';
import { Controller, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { type ClientGrpc, ClientsModule, GrpcMethod, RpcException } from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { type Prisma, PrismaClient } from '../../../../book-service/dist/generated/prisma/client.js';
import { createAdapter, grpcOptions, listen, pageOf, tokenAfter, toProto } from './grpc.js';

const selectOfAuthor = { id: true, title: true, publishedYear: true, createdAt: true } as const;
const select = { ...selectOfAuthor, authorId: true } as const;

interface AuthorService {
  getAuthor(request: { id: string }): Observable<unknown>;
}

@Injectable()
class PrismaService extends PrismaClient {
  constructor() {
    super({ adapter: createAdapter() });
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
  @GrpcMethod('BookService')
  async createBook({ title, authorId, publishedYear }: proto.CreateBookRequest) {
    await firstValueFrom(this.authors.getAuthor({ id: authorId }));
    return toProto(await this.prisma.book.create({ data: { title, authorId, publishedYear }, select }));
  }

  @GrpcMethod('BookService')
  async getBook({ id }: proto.GetBookRequest) {
    const book = await this.prisma.book.findUnique({ where: { id }, select });
    if (!book) throw new RpcException({ code: status.NOT_FOUND, message: 'not found' });
    return toProto(book);
  }

  @GrpcMethod('BookService')
  async updateBook({ id, ...data }: proto.UpdateBookRequest) {
    await this.prisma.book.update({ where: { id }, data: data as Prisma.BookUpdateInput });
    return { success: true, message: `book ${id} updated` };
  }

  @GrpcMethod('BookService')
  async deleteBook({ id }: proto.DeleteBookRequest) {
    await this.prisma.book.delete({ where: { id } });
    return { success: true, message: `book ${id} deleted` };
  }

  @GrpcMethod('BookService')
  async listBooks({ pageSize, pageToken }: proto.ListBooksRequest) {
    const books = await this.prisma.book.findMany({ select, ...pageOf(pageSize, pageToken) });
    return { books: books.map(toProto), nextPageToken: tokenAfter(books, pageSize) };
  }

  /** An author without books may be one who does not exist. */
  @GrpcMethod('BookService')
  async getBooksByAuthor({ authorId, pageSize, pageToken }: proto.GetBooksByAuthorRequest) {
    const where = { authorId };
    const books = await this.prisma.book.findMany({ where, select: selectOfAuthor, ...pageOf(pageSize, pageToken) });
    if (books.length === 0) await firstValueFrom(this.authors.getAuthor({ id: authorId }));
    return { books: books.map(toProto), nextPageToken: tokenAfter(books, pageSize) };
  }
}

@Module({
  imports: [
    ClientsModule.register([{ name: 'AUTHORS', ...grpcOptions('author', process.env.AUTHOR_SERVICE_ADDRESS) }]),
  ],
  controllers: [BooksController],
  providers: [PrismaService],
})
class AppModule {}

await listen('book', AppModule);
