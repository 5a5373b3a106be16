import {
  ServerReflectionAlphaClient,
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@bookstore/proto';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlledService, startControlledService } from './controlled-service.js';

let controlled: ControlledService;
beforeAll(async () => {
  controlled = await startControlledService();
});
afterAll(() => controlled?.stop());

const NOT_FOUND = 5;
const AUTHORS = ['bookstore/author/v1/author.proto'];
const STATUS = ['google/rpc/status.proto', 'google/protobuf/any.proto'];
const DETAILS = ['google/rpc/error_details.proto', 'google/protobuf/duration.proto'];

describe.each([
  ['v1', ServerReflectionClient],
  ['v1alpha', ServerReflectionAlphaClient],
] as const)('reflection %s', (_version, Client) => {
  const ask = async (question: Partial<ServerReflectionRequest>): Promise<ServerReflectionResponse> => {
    const client = new Client(`127.0.0.1:${controlled.service.publicPort}`, credentials.createInsecure());
    const stream = client.serverReflectionInfo();
    stream.write({ ...ServerReflectionRequest.decode(new Uint8Array()), ...question });
    stream.end();
    try {
      for await (const answer of stream) return answer;
    } finally {
      client.close();
    }
    throw new Error('no answer');
  };

  test('lists the public services, health and itself', async () => {
    const { listServicesResponse } = await ask({ listServices: '*' });
    expect(listServicesResponse?.service.map(({ name }) => name).sort()).toEqual([
      'bookstore.author.v1.AuthorService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
  });

  test.each([
    ['bookstore.author.v1.AuthorService.GetAuthor', AUTHORS],
    ['google.rpc.Status', STATUS],
    ['google.rpc.ErrorInfo', DETAILS],
    ['google.rpc.BadRequest.FieldViolation', DETAILS],
    ['google.protobuf.Duration', ['google/protobuf/duration.proto']],
    ['grpc.health.v1.Health.Check', ['grpc/health/v1/health.proto']],
  ])('finds the files of %s', async (fileContainingSymbol, files) => {
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol });
    const names = fileDescriptorResponse?.fileDescriptorProto.map(
      (bytes: Uint8Array) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    );
    expect(names).toEqual(files);
  });

  test.each(['bookstore.book.v1.AuthorReferenceService', 'bookstore.book.v1.BookService', 'google.rpc.Nothing', ''])(
    'does not know %j',
    async (fileContainingSymbol) => {
      expect((await ask({ fileContainingSymbol })).errorResponse?.errorCode).toBe(NOT_FOUND);
    },
  );
});
