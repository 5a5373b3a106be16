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
afterAll(async () => {
  controlled?.api.close();
  await controlled?.service.stop();
});

type Question = Pick<ServerReflectionRequest, 'fileContainingSymbol'> | Pick<ServerReflectionRequest, 'fileByFilename'>;

const STATUS = ['google/rpc/status.proto', 'google/protobuf/any.proto'];
const DETAILS = ['google/rpc/error_details.proto', 'google/protobuf/duration.proto'];
const HEALTH = ['grpc/health/v1/health.proto'];

describe.each([
  ['v1', ServerReflectionClient],
  ['v1alpha', ServerReflectionAlphaClient],
] as const)('reflection %s', (_version, Client) => {
  /** Names of the files that answer, or the error's code, and the question as the answer repeats it. */
  const ask = async (question: Question) => {
    const client = new Client(`127.0.0.1:${controlled.service.publicPort}`, credentials.createInsecure());
    const stream = client.serverReflectionInfo();
    stream.write({ ...ServerReflectionRequest.decode(new Uint8Array()), ...question });
    stream.end();
    try {
      for await (const answer of stream) {
        const { fileDescriptorResponse, errorResponse, originalRequest }: ServerReflectionResponse = answer;
        const files = fileDescriptorResponse?.fileDescriptorProto.map(
          (bytes: Uint8Array) => fromBinary(FileDescriptorProtoSchema, bytes).name,
        );
        return { answer: files ?? errorResponse?.errorCode, originalRequest };
      }
    } finally {
      client.close();
    }
    throw new Error('no answer');
  };

  test.each([
    ['google.rpc.Status', STATUS],
    ['google.rpc.Status.details', STATUS],
    ['google.protobuf.Any', ['google/protobuf/any.proto']],
    ['google.rpc.ErrorInfo', DETAILS],
    ['google.rpc.ErrorInfo.MetadataEntry', DETAILS],
    ['google.rpc.BadRequest', DETAILS],
    ['google.rpc.BadRequest.FieldViolation', DETAILS],
    ['google.rpc.BadRequest.FieldViolation.description', DETAILS],
    ['google.rpc.RetryInfo', DETAILS],
    ['google.rpc.ResourceInfo', DETAILS],
    ['google.protobuf.Duration', ['google/protobuf/duration.proto']],
    ['grpc.health.v1.Health.Check', HEALTH],
    ['grpc.health.v1.HealthCheckResponse.ServingStatus', HEALTH],
    ['grpc.health.v1.HealthCheckResponse.SERVING', HEALTH],
    ['grpc.health.v1.HealthCheckResponse.UNKNOWN', HEALTH],
  ])('finds the files of %s', async (fileContainingSymbol, files) => {
    const { answer, originalRequest } = await ask({ fileContainingSymbol });
    expect(answer).toEqual(files);
    expect(originalRequest).toMatchObject({ fileContainingSymbol });
  });

  test.each([
    ['google/rpc/status.proto', STATUS],
    ['google/rpc/error_details.proto', DETAILS],
    ['google/protobuf/any.proto', ['google/protobuf/any.proto']],
    ['google/protobuf/duration.proto', ['google/protobuf/duration.proto']],
  ])('gives %s, and what it imports', async (fileByFilename, files) => {
    expect(await ask({ fileByFilename })).toMatchObject({ answer: files, originalRequest: { fileByFilename } });
  });

  test.each(['SERVING', 'grpc.health.v1.SERVING', 'google.rpc', 'google.rpc.Nothing', 'toString', '__proto__', ''])(
    'knows no %j',
    async (name) => {
      for (const question of [{ fileContainingSymbol: name }, { fileByFilename: name }]) {
        expect(await ask(question)).toMatchObject({ answer: 5, originalRequest: question });
      }
    },
  );
});
