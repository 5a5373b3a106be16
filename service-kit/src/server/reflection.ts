import { fileDescriptors } from '@bookstore/proto';
import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
// @grpc/reflection reads descriptors by it, too.
import descriptor, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Adds server reflection (v1 and v1alpha) for these services, the messages of their errors and itself. It answers from the
 * compiled .proto files, so that clients see their comments.
 */
export function addReflection(server: Server, names: readonly string[]): void {
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
  const enums = new Map(
    files.flatMap(({ file: { package: scope = '', enumType, messageType } }) =>
      enumsOf(scope, { enumType, nestedType: messageType }),
    ),
  );
  new ReflectionService({ files: entry }, { services }).addToServer({
    addService: (definition, handlers) => server.addService(withEnumValues(definition, enums), handlers),
  });
}

/** The enum of each enum value. */
function enumsOf(scope: string, message: Pick<IDescriptorProto, 'enumType' | 'nestedType'>): Array<[string, string]> {
  return [
    ...(message.enumType ?? []).flatMap(({ name, value }) =>
      (value ?? []).map((one): [string, string] => [`${scope}.${one.name}`, `${scope}.${name}`]),
    ),
    ...(message.nestedType ?? []).flatMap((nested) => enumsOf(`${scope}.${nested.name}`, nested)),
  ];
}

/** Looks for the enum of a value: protobuf names values beside their enum, @grpc/reflection knows them below it. */
const withEnumValues = (definition: ServiceDefinition, enums: ReadonlyMap<string, string>): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer) => {
        const request = method.requestDeserialize(bytes);
        const enumName = enums.get(request.fileContainingSymbol);
        return enumName === undefined ? request : { ...request, fileContainingSymbol: enumName };
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
