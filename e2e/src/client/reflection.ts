import {
  ServerReflectionAlphaClient,
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@bookstore/proto';
import { NO_PROXY } from '@bookstore/sandbox';
import { create, createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { credentials } from '@grpc/grpc-js';

export type ReflectionVersion = 'v1' | 'v1alpha';

/** Asks a server what it serves, as tools do that have no .proto at hand. */
export class Reflection {
  readonly #client: ServerReflectionClient;

  constructor(address: string, version: ReflectionVersion) {
    const Client = version === 'v1' ? ServerReflectionClient : ServerReflectionAlphaClient;
    this.#client = new Client(address, credentials.createInsecure(), NO_PROXY);
  }

  close(): void {
    this.#client.close();
  }

  /** Full names of the services. */
  async services(): Promise<string[]> {
    const { listServicesResponse } = await this.#ask({ listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name);
  }

  /** The file that defines a symbol, and the files that it needs; undefined when the server knows no such symbol. */
  async filesWith(symbol: string): Promise<FileDescriptorProto[] | undefined> {
    return this.#files({ fileContainingSymbol: symbol });
  }

  /** Every message, enum and service that the services, and these symbols, lean on, with all types resolved. */
  async registry(...symbols: string[]): Promise<FileRegistry> {
    const files = new Map<string, FileDescriptorProto>();
    const add = async (found: FileDescriptorProto[] = []) => {
      for (const file of found) files.set(file.name, file);
      // A server may leave imports to be asked for, by their names.
      const missing = found.flatMap(({ dependency }) => dependency).filter((name) => !files.has(name));
      for (const fileByFilename of missing) await add(await this.#files({ fileByFilename }));
    };
    for (const symbol of [...(await this.services()), ...symbols]) await add(await this.filesWith(symbol));
    return createFileRegistry(create(FileDescriptorSetSchema, { file: importsFirst(files) }));
  }

  async #files(question: Partial<ServerReflectionRequest>): Promise<FileDescriptorProto[] | undefined> {
    const { fileDescriptorResponse } = await this.#ask(question);
    return fileDescriptorResponse?.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  }

  #ask(question: Partial<ServerReflectionRequest>): Promise<ServerReflectionResponse> {
    return new Promise((resolve, reject) => {
      const stream = this.#client.serverReflectionInfo({ deadline: Date.now() + 10_000 });
      stream.on('data', resolve).on('error', reject);
      stream.write({ ...ServerReflectionRequest.decode(new Uint8Array()), ...question });
      stream.end();
    });
  }
}

function importsFirst(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>();
  const add = (file: FileDescriptorProto) => {
    for (const name of file.dependency) {
      const imported = files.get(name);
      if (imported) add(imported);
    }
    ordered.add(file);
  };
  for (const file of files.values()) add(file);
  return [...ordered];
}
