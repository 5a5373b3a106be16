import { PRISMA_OPTIONS, type PrismaOptions } from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaClient } from './generated/prisma/client.js';

@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  constructor(@Inject(PRISMA_OPTIONS) options: PrismaOptions) {
    super(options);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}
