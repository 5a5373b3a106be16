import type * as proto from '@bookstore/proto';
import { status } from '@grpc/grpc-js';
import { Controller, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { type ClientGrpc, ClientsModule, GrpcMethod, RpcException } from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { type Prisma, PrismaClient } from '../../../../author-service/dist/generated/prisma/client.js';
import { createAdapter, grpcOptions, listen, pageOf, tokenAfter, toProto } from './grpc.js';

const select = { id: true, name: true, email: true, createdAt: true } as const;

interface BookService {
  getBooksByAuthor(request: { authorId: string }): Observable<proto.GetBooksByAuthorResponse>;
  deleteBook(request: { id: string }): Observable<unknown>;
}

@Injectable()
class PrismaService extends PrismaClient {
  constructor() {
    super({ adapter: createAdapter() });
  }
}

@Controller()
class AuthorsController implements OnModuleInit {
  private books!: BookService;

  constructor(
    private readonly prisma: PrismaService,
    @Inject('BOOKS') private readonly client: ClientGrpc,
  ) {}

  onModuleInit() {
    this.books = this.client.getService<BookService>('BookService');
  }

  @GrpcMethod('AuthorService')
  async createAuthor({ name, email }: proto.CreateAuthorRequest) {
    return toProto(await this.prisma.author.create({ data: { name, email }, select }));
  }

  @GrpcMethod('AuthorService')
  async getAuthor({ id }: proto.GetAuthorRequest) {
    const author = await this.prisma.author.findUnique({ where: { id }, select });
    if (!author) throw new RpcException({ code: status.NOT_FOUND, message: 'not found' });
    return toProto(author);
  }

  @GrpcMethod('AuthorService')
  async updateAuthor({ id, ...data }: proto.UpdateAuthorRequest) {
    await this.prisma.author.update({ where: { id }, data: data as Prisma.AuthorUpdateInput });
    return { success: true, message: `author ${id} updated` };
  }

  /** Asks for books and then deletes: a book that is created in between is left without its author. */
  @GrpcMethod('AuthorService')
  async deleteAuthor({ id, force }: proto.DeleteAuthorRequest) {
    const { books = [] } = await firstValueFrom(this.books.getBooksByAuthor({ authorId: id }));
    if (books.length > 0 && !force) {
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: `author ${id} has ${books.length} books` });
    }
    for (const book of books) await firstValueFrom(this.books.deleteBook({ id: book.id }));
    await this.prisma.author.delete({ where: { id } });
    return { success: true, message: `author ${id} deleted` };
  }

  @GrpcMethod('AuthorService')
  async listAuthors({ pageSize, pageToken }: proto.ListAuthorsRequest) {
    const authors = await this.prisma.author.findMany({ select, ...pageOf(pageSize, pageToken) });
    return { authors: authors.map(toProto), nextPageToken: tokenAfter(authors, pageSize) };
  }
}

@Module({
  imports: [ClientsModule.register([{ name: 'BOOKS', ...grpcOptions('book', process.env.BOOK_SERVICE_ADDRESS) }])],
  controllers: [AuthorsController],
  providers: [PrismaService],
})
class AppModule {}

await listen('author', AppModule);
