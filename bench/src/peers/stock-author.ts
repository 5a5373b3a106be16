import { status } from '@grpc/grpc-js';
import { Controller, Injectable, Module } from '@nestjs/common';
import { GrpcMethod, RpcException } from '@nestjs/microservices';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../../author-service/dist/generated/prisma/client.js';
import { listenStock } from './stock-nest.js';

/** N: stock NestJS and Prisma, as their documentation shows them. The author service. */

const select = { id: true, name: true, email: true, createdAt: true } as const;

@Injectable()
class PrismaService extends PrismaClient {
  constructor() {
    super({
      adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 60_000 }),
    });
  }
}

@Controller()
class AuthorsController {
  constructor(private readonly prisma: PrismaService) {}

  @GrpcMethod('AuthorService', 'GetAuthor')
  async getAuthor({ id }: { id: string }) {
    const author = await this.prisma.author.findUnique({ where: { id }, select });
    if (!author) throw new RpcException({ code: status.NOT_FOUND, message: 'not found' });
    return { ...author, createdAt: author.createdAt.toISOString() };
  }
}

@Module({ controllers: [AuthorsController], providers: [PrismaService] })
class AppModule {}

await listenStock('author', AppModule);
