import { fileDescriptors } from '@bookstore/proto';
import type { MethodDefinition, Server, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
// What @grpc/reflection reads them with, too: another library would be loaded for this alone.
import descriptor, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

/** The simplest kind of entry of a package definition. */
const ENUM = 'Protocol Buffer 3 EnumDescriptorProto' as const;
const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
/** What a failed call carries, though no method names it. */
const ERRORS = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];

/**
 * Adds server reflection (v1 and v1alpha), which describes these services, their errors, itself, and nothing else: from the
 * compiled .proto files, so that a client sees their comments, too.
 */
export function addReflection(server: Server, names: readonly string[]): void {
  const services = [...names, ...REFLECTION];
  const files = filesOf(services);
  // A package definition of one entry, whose files are all that reflection reads.
  const entry = { format: ENUM, type: {}, fileDescriptorProtos: files.map(({ bytes }) => Buffer.from(bytes)) };
  const enums = enumsByValue(files.map(({ file }) => file));
  new ReflectionService({ 'compiled .proto files': entry }, { services }).addToServer({
    addService: (definition, handlers) => server.addService(findingNames(definition, enums), handlers),
  });
}

interface File {
  readonly bytes: Uint8Array;
  readonly file: IFileDescriptorProto;
}

/** The files that define these services and the errors, and what those import. */
function filesOf(services: readonly string[]): File[] {
  const all = fileDescriptors().map((bytes): File => {
    const file = descriptor.FileDescriptorProto.decode(bytes) as IFileDescriptorProto;
    return { bytes, file };
  });
  const needed = new Set<File>();
  const add = (one: File) => {
    needed.add(one);
    for (const other of all) if (other.file.name && one.file.dependency?.includes(other.file.name)) add(other);
  };
  for (const one of all) {
    const { name: fileName = '', package: scope, service } = one.file;
    if (ERRORS.includes(fileName) || service?.some(({ name }) => services.includes(`${scope}.${name}`))) add(one);
  }
  return [...needed];
}

/** The full names of enums by those of their values. */
function enumsByValue(files: readonly IFileDescriptorProto[]): ReadonlyMap<string, string> {
  const enums = new Map<string, string>();
  const add = (scope: string, { enumType, nestedType }: Pick<IDescriptorProto, 'enumType' | 'nestedType'>) => {
    for (const { name, value } of enumType ?? []) {
      for (const one of value ?? []) enums.set(`${scope}.${one.name}`, `${scope}.${name}`);
    }
    for (const message of nestedType ?? []) add(`${scope}.${message.name}`, message);
  };
  for (const { package: scope = '', enumType, messageType } of files) add(scope, { enumType, nestedType: messageType });
  return enums;
}

/** A question for a symbol or a file has one of these. */
interface Question {
  readonly fileContainingSymbol?: string;
  readonly fileByFilename?: string;
}

/**
 * The reflection service with the names as protobuf has them. @grpc/reflection looks for an enum value below its enum instead
 * of beside it, so that it is asked for the enum. It takes a name that every object of JavaScript has for one that it knows.
 */
function findingNames(definition: ServiceDefinition, enums: ReadonlyMap<string, string>): ServiceDefinition {
  const asked = new WeakMap<Question, Question>();
  const known = (name: string) => enums.get(name) ?? (name in {} ? '' : name);
  const translated = (method: MethodDefinition<Question, { originalRequest: Question }>) => ({
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      const question = method.requestDeserialize(bytes);
      const { fileContainingSymbol: symbol, fileByFilename: file } = question;
      const instead = {
        ...question,
        ...(symbol !== undefined && { fileContainingSymbol: known(symbol) }),
        ...(file !== undefined && { fileByFilename: known(file) }),
      };
      asked.set(instead, question);
      return instead;
    },
    responseSerialize: (answer: { originalRequest: Question }) =>
      method.responseSerialize({ ...answer, originalRequest: asked.get(answer.originalRequest) ?? {} }),
  });
  return Object.fromEntries(Object.entries(definition).map(([name, method]) => [name, translated(method)]));
}
