import { createRequire } from 'node:module';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { NO_PROXY } from '../bookstore/no-proxy.js';

const require = createRequire(import.meta.url);

/** What a port's reflection gives away. */
export interface Reflection {
  /** Full names of the services that it lists. */
  services(): Promise<string[]>;
  /** Names of the files that a symbol takes; none when there is no such symbol. */
  filesOf(symbol: string): Promise<string[]>;
  close(): void;
}

interface Answer {
  listServicesResponse?: { service: { name: string }[] };
  fileDescriptorResponse?: { fileDescriptorProto: Uint8Array[] };
}

/** Asks a port's server reflection, of either version. */
export function reflect(port: number, version: 'v1' | 'v1alpha' = 'v1'): Reflection {
  const folder = path.join(path.dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto');
  const definition = loadSync(`grpc/reflection/${version}/reflection.proto`, { includeDirs: [folder] });
  const service = definition[`grpc.reflection.${version}.ServerReflection`] as unknown as Record<
    'ServerReflectionInfo',
    MethodDefinition<object, Answer>
  >;
  const { path: method, requestSerialize, responseDeserialize } = service.ServerReflectionInfo;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), NO_PROXY);
  const ask = (request: object) =>
    new Promise<Answer>((resolve, reject) => {
      const deadline = Date.now() + 5_000;
      const call = client.makeBidiStreamRequest(method, requestSerialize, responseDeserialize, new Metadata(), {
        deadline,
      });
      call.on('data', resolve).on('error', reject);
      call.write(request);
      call.end();
    });
  return {
    services: async () =>
      ((await ask({ listServices: '' })).listServicesResponse?.service ?? []).map(({ name }) => name).sort(),
    filesOf: async (symbol) => {
      const { fileDescriptorResponse } = await ask({ fileContainingSymbol: symbol });
      return (fileDescriptorResponse?.fileDescriptorProto ?? []).map(
        (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
      );
    },
    close: () => client.close(),
  };
}
