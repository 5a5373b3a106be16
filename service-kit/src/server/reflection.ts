import { fileDescriptors } from '@bookstore/proto';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

type Definitions = ConstructorParameters<typeof ReflectionService>[0];

/**
 * Adds server reflection (v1 and v1alpha), which describes these services, itself, and nothing else: from the compiled .proto
 * files, so that a client sees their comments, too.
 */
export function addReflection(server: Server, names: readonly string[]): void {
  const services = [...names, ...REFLECTION];
  const definitions = { 'compiled .proto files': { fileDescriptorProtos: filesOf(services) } };
  new ReflectionService(definitions as unknown as Definitions, { services }).addToServer(server);
}

/** The files that define these services, and what those import. */
function filesOf(services: readonly string[]): Uint8Array[] {
  const all = fileDescriptors().map((bytes) => ({ bytes, file: fromBinary(FileDescriptorProtoSchema, bytes) }));
  const needed = new Set<Uint8Array>();
  const add = ({ bytes, file }: (typeof all)[number]) => {
    needed.add(bytes);
    for (const one of all) if (file.dependency.includes(one.file.name)) add(one);
  };
  for (const one of all) {
    if (one.file.service.some(({ name }) => services.includes(`${one.file.package}.${name}`))) add(one);
  }
  return [...needed];
}
