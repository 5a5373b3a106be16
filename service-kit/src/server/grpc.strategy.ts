import { setTimeout as sleep } from 'node:timers/promises';
import {
  Server as GrpcServer,
  type Metadata,
  type MethodDefinition,
  type ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, Server, Transport } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { type Call, currentCall } from '../call/call.js';
import { boundedServices } from './bounded-services.js';
import { markMalformed } from './malformed.js';
import { isBug, toStatus } from './to-status.js';

/** One port and its services. */
export interface Listener {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly credentials: ServerCredentials;
  readonly options: ServerOptions;
  /** Implemented by Nest controllers. */
  readonly services: readonly ServiceDefinition[];
  /** Adds services without a controller: health, reflection. */
  readonly addServices: (server: Pick<GrpcServer, 'addService'>) => void;
}

/** Nest's handler of a gRPC method takes the call as a third argument. */
type GrpcHandler = (request: unknown, metadata: Metadata, call: ServerUnaryCall<unknown, unknown>) => Promise<unknown>;

/**
 * Nest's transport for gRPC controllers on several ports. Unlike Nest's ServerGrpc it opens no port before everything is
 * registered, refuses to start with a method without a handler, and drains within a time limit.
 */
export class GrpcStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Transport.GRPC;
  readonly #open = new Map<string, { server: GrpcServer; port: number; address: string }>();

  /** @param onAnswer called with each answer of a handler before it is sent */
  constructor(
    private readonly listeners: readonly Listener[],
    private readonly onAnswer: (call: Call, request: unknown, response: unknown) => void,
  ) {
    super();
  }

  portOf(name: string): number {
    const listener = this.#open.get(name);
    if (!listener) throw new Error(`the ${name} port is not open`);
    return listener.port;
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const servers = this.listeners.map((listener) => this.createServer(listener));
      for (const [index, { name, host, port, credentials }] of this.listeners.entries()) {
        const server = servers[index] as GrpcServer;
        const toAddress = (bound: number) => `${host.includes(':') ? `[${host}]` : host}:${bound}`;
        const bound = await bind(server, toAddress(port), credentials).catch((error) => {
          throw new Error(`the ${name} port ${port} on ${host} cannot be opened: ${error.message}`);
        });
        this.#open.set(name, { server, port: bound, address: toAddress(bound) });
      }
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Ends every call at once. */
  close(): void {
    for (const { server, address } of this.#open.values()) {
      // Without channelz forceShutdown finds no connections by itself.
      server.drain(address, 0);
      server.forceShutdown();
    }
    this.#open.clear();
  }

  /** Takes no new connections and waits for the calls in flight, at most `timeoutMs`. True when all have ended. */
  async drain(timeoutMs: number): Promise<boolean> {
    const shutdowns = [...this.#open.values()].map(({ server, address }) => {
      server.drain(address, timeoutMs);
      return new Promise<boolean>((resolve) => server.tryShutdown((error) => resolve(!error)));
    });
    const drained = await Promise.race([Promise.all(shutdowns), sleep(timeoutMs, [false], { ref: false })]);
    return drained.every(Boolean);
  }

  on(): never {
    throw new Error('a gRPC server has no events');
  }

  unwrap<T>(): T {
    return [...this.#open.values()].map(({ server }) => server) as T;
  }

  private createServer({ services, addServices, options }: Listener): GrpcServer {
    const server = new GrpcServer(options);
    for (const service of services) {
      const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
      const handlers: Record<string, UntypedHandleCall> = {};
      for (const [name, method] of Object.entries(service)) {
        definition[name] = {
          ...method,
          requestDeserialize: markMalformed(method.requestDeserialize),
          responseSerialize: (bytes) => bytes as Buffer,
        };
        handlers[name] = this.unary(method);
      }
      server.addService(definition, handlers);
    }
    addServices(boundedServices(server));
    return server;
  }

  private unary({ path, responseSerialize }: MethodDefinition<unknown, unknown>) {
    const [, service, rpc] = /([^./]+)\/(.+)$/.exec(path) ?? [];
    const handler = this.getHandlerByPattern(JSON.stringify({ service, rpc, streaming: 'no_stream' }));
    if (!handler) throw new Error(`no controller handles ${path}`);

    const answer = async (call: ServerUnaryCall<unknown, unknown>): Promise<Buffer> => {
      const result = await (handler as GrpcHandler)(call.request, call.metadata, call);
      const response = isObservable(result) ? await lastValueFrom(result) : result;
      // Here rather than in grpc-js, which would hide what is wrong with a bad answer.
      const bytes = responseSerialize(response);
      this.onAnswer(currentCall() as Call, call.request, response);
      return bytes;
    };
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>): void => {
      answer(call).then(
        (bytes) => callback(null, bytes),
        (error) => {
          // The exception filter has made a status of it, unless a filter failed or the answer was bad.
          if (isStatus(error)) return callback(error);
          if (isBug(error)) this.logger.error(error);
          callback(toStatus(error));
        },
      );
    };
  }
}

const isStatus = (error: unknown): error is ServiceError =>
  typeof (error as ServiceError | undefined)?.code === 'number' && !(error instanceof Error);

const bind = (server: GrpcServer, address: string, credentials: ServerCredentials) =>
  new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
