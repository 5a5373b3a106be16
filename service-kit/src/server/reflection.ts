import { fileDescriptors } from '@bookstore/proto';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
// @grpc/reflection reads descriptors by it, too.
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Adds server reflection (v1 and v1alpha) for these services, the messages of their errors and itself. It answers from the
 * compiled .proto files, so that clients see their comments.
 */
export function addReflection(server: Pick<Server, 'addService'>, names: readonly string[]): void {
  const services = [...names, ...REFLECTION];
  const files = fileDescriptors()
    .map((bytes) => ({ bytes, file: descriptor.FileDescriptorProto.decode(bytes) as IFileDescriptorProto }))
    .filter(({ file: { package: scope, service } }) =>
      (service ?? []).every(({ name }) => services.includes(`${scope}.${name}`)),
    );
  // A package definition of one entry: reflection reads only its files.
  const entry = {
    format: 'Protocol Buffer 3 EnumDescriptorProto' as const,
    type: {},
    fileDescriptorProtos: files.map(({ bytes }) => Buffer.from(bytes)),
  };
  new ReflectionService({ files: entry }, { services }).addToServer(server);
}
