import 'reflect-metadata';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type GrpcOptions, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { PrismaPg } from '@prisma/adapter-pg';

const protos = path.dirname(createRequire(import.meta.url).resolve('@bookstore/proto/package.json'));

/** Options of Nest's gRPC server and client. */
export const grpcOptions = (name: 'author' | 'book', url = ''): GrpcOptions & { transport: Transport.GRPC } => ({
  transport: Transport.GRPC,
  options: {
    url,
    package: `bookstore.${name}.v1`,
    protoPath: path.join(protos, `bookstore/${name}/v1/${name}.proto`),
    loader: { includeDirs: [protos], longs: Number, enums: String, defaults: true, arrays: true },
  },
});

/** As many connections as the bookstore has. They stay open while other peers are measured. */
export const createAdapter = () =>
  new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 60_000 });

/** Starts one of the two services on the port that the benchmark chose. */
export async function listen(name: 'author' | 'book', module: Type): Promise<void> {
  const options: MicroserviceOptions = grpcOptions(name, `127.0.0.1:${process.env.PUBLIC_PORT}`);
  const app = await NestFactory.createMicroservice(module, { ...options, logger: ['error'] });
  await app.listen();
  process.on('disconnect', () => process.exit(0));
}

/** The fields of Prisma's options for a page. */
export const pageOf = (pageSize: number, pageToken: string) => ({
  orderBy: { id: 'asc' as const },
  ...(pageSize && { take: pageSize }),
  ...(pageToken && { skip: 1, cursor: { id: pageToken } }),
});

export const tokenAfter = (rows: readonly { id: string }[], pageSize: number) =>
  rows.length === pageSize ? rows.at(-1)?.id : '';

export const toProto = <T extends { createdAt: Date }>(row: T) => ({ ...row, createdAt: row.createdAt.toISOString() });
