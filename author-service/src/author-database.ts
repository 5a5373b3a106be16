import { POOL, prismaAdapter } from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaClient } from './generated/prisma/client.js';

/** Prisma on the kit's pool. */
@Injectable()
export class AuthorDatabase extends PrismaClient implements OnApplicationShutdown {
  constructor(@Inject(POOL) pool: pg.Pool) {
    super({ adapter: prismaAdapter(pool) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}
