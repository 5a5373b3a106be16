import { fileDescriptors } from '@bookstore/proto';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
// What @grpc/reflection reads them with, too: another library would be loaded for this alone.
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

/** The simplest kind of entry of a package definition. */
const ENUM = 'Protocol Buffer 3 EnumDescriptorProto' as const;
const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Adds server reflection (v1 and v1alpha), which describes these services, itself, and nothing else: from the compiled .proto
 * files, so that a client sees their comments, too.
 */
export function addReflection(server: Server, names: readonly string[]): void {
  const services = [...names, ...REFLECTION];
  // A package definition of one entry, whose files are all that reflection reads.
  const entry = { format: ENUM, type: {}, fileDescriptorProtos: filesOf(services).map((file) => Buffer.from(file)) };
  new ReflectionService({ 'compiled .proto files': entry }, { services }).addToServer(server);
}

/** The files that define these services, and what those import. */
function filesOf(services: readonly string[]): Uint8Array[] {
  const all = fileDescriptors().map((bytes) => {
    const file = descriptor.FileDescriptorProto.decode(bytes) as IFileDescriptorProto;
    return { bytes, file };
  });
  const needed = new Set<Uint8Array>();
  const add = ({ bytes, file }: (typeof all)[number]) => {
    needed.add(bytes);
    for (const one of all) if (one.file.name && file.dependency?.includes(one.file.name)) add(one);
  };
  for (const one of all) {
    if (one.file.service?.some(({ name }) => services.includes(`${one.file.package}.${name}`))) add(one);
  }
  return [...needed];
}
