import { status } from '@grpc/grpc-js';
import { Controller, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { type ClientGrpc, ClientsModule, GrpcMethod, RpcException } from '@nestjs/microservices';
import { PrismaPg } from '@prisma/adapter-pg';
import { firstValueFrom, type Observable } from 'rxjs';
import { PrismaClient } from '../../../book-service/dist/generated/prisma/client.js';
import { grpcOptions, listenStock } from './stock-nest.js';

/** N: stock NestJS and Prisma, as their documentation shows them. The book service, with its check-then-insert. */

const select = { id: true, title: true, authorId: true, publishedYear: true, createdAt: true } as const;

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

  @GrpcMethod('BookService', 'GetBook')
  async getBook({ id }: { id: string }) {
    const book = await this.prisma.book.findUnique({ where: { id }, select });
    if (!book) throw new RpcException({ code: status.NOT_FOUND, message: 'not found' });
    return { ...book, createdAt: book.createdAt.toISOString() };
  }

  @GrpcMethod('BookService', 'CreateBook')
  async createBook({ title, authorId, publishedYear }: { title: string; authorId: string; publishedYear: number }) {
    await firstValueFrom(this.authors.getAuthor({ id: authorId }));
    const book = await this.prisma.book.create({ data: { title, authorId, publishedYear }, select });
    return { ...book, createdAt: book.createdAt.toISOString() };
  }
}

@Module({
  imports: [ClientsModule.register([{ name: 'AUTHORS', ...grpcOptions('author', process.env.PEER ?? '') }])],
  controllers: [BooksController],
  providers: [PrismaService],
})
class AppModule {}

await listenStock('book', AppModule);
