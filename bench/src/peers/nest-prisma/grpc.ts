import 'reflect-metadata';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type GrpcOptions, type MicroserviceOptions, Transport } from '@nestjs/microservices';

const protos = path.dirname(createRequire(import.meta.url).resolve('@bookstore/proto/package.json'));

/** Options of Nest's gRPC server and client. */
export const grpcOptions = (name: 'author' | 'book', url: string): GrpcOptions & { transport: Transport.GRPC } => ({
  transport: Transport.GRPC,
  options: {
    url,
    package: `bookstore.${name}.v1`,
    protoPath: path.join(protos, `bookstore/${name}/v1/${name}.proto`),
    loader: {
      includeDirs: [protos],
      keepCase: false,
      longs: Number,
      enums: String,
      defaults: true,
      arrays: true,
      oneofs: false,
    },
  },
});

/** Starts one of the two services on the port that the benchmark chose. */
export async function listen(name: 'author' | 'book', module: Type): Promise<void> {
  const options: MicroserviceOptions = grpcOptions(name, `127.0.0.1:${process.env.PUBLIC_PORT}`);
  const app = await NestFactory.createMicroservice(module, { ...options, logger: ['error'] });
  await app.listen();
  process.on('disconnect', () => process.exit(0));
}
