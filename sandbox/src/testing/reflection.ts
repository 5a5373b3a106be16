import {
  ServerReflectionAlphaClient,
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@bookstore/proto';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { credentials } from '@grpc/grpc-js';
import { NO_PROXY } from '../promise-client.js';

/** A client of a server's reflection, as tools use it that have no .proto files. */
export class Reflection {
  readonly #client: ServerReflectionClient;

  /** @param at host:port, or a port of this machine */
  constructor(at: number | string, version: 'v1' | 'v1alpha' = 'v1') {
    const address = typeof at === 'number' ? `127.0.0.1:${at}` : at;
    const Client = version === 'v1' ? ServerReflectionClient : ServerReflectionAlphaClient;
    this.#client = new Client(address, credentials.createInsecure(), NO_PROXY);
  }

  close(): void {
    this.#client.close();
  }

  /** Full names of the services, sorted. */
  async services(): Promise<string[]> {
    const { listServicesResponse } = await this.#call({ listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name).sort();
  }

  /** The file that defines a symbol, and the files that it imports; undefined when there is no such symbol. */
  async filesWith(symbol: string): Promise<FileDescriptorProto[] | undefined> {
    return this.#files({ fileContainingSymbol: symbol });
  }

  /** The types of the services and of these symbols, with everything that they import. */
  async registry(...symbols: string[]): Promise<FileRegistry> {
    const files = new Map<string, FileDescriptorProto>();
    const add = async (found: FileDescriptorProto[] = []) => {
      for (const file of found) files.set(file.name, file);
      // A server may leave out the imports.
      const missing = found.flatMap(({ dependency }) => dependency).filter((name) => !files.has(name));
      for (const fileByFilename of missing) await add(await this.#files({ fileByFilename }));
    };
    for (const symbol of [...(await this.services()), ...symbols]) await add(await this.filesWith(symbol));
    const withImports = (file: FileDescriptorProto) => createFileRegistry(file, (name) => files.get(name));
    return createFileRegistry(...[...files.values()].map(withImports));
  }

  async #files(request: Partial<ServerReflectionRequest>): Promise<FileDescriptorProto[] | undefined> {
    const { fileDescriptorResponse } = await this.#call(request);
    return fileDescriptorResponse?.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  }

  #call(request: Partial<ServerReflectionRequest>): Promise<ServerReflectionResponse> {
    return new Promise((resolve, reject) => {
      const stream = this.#client.serverReflectionInfo({ deadline: Date.now() + 10_000 });
      stream.on('data', resolve).on('error', reject);
      stream.write({ ...ServerReflectionRequest.decode(new Uint8Array()), ...request });
      stream.end();
    });
  }
}
