import {
  Server as GrpcServer,
  type Metadata,
  type MethodDefinition,
  type ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, type MessageHandler, Server, Transport } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { runForCall } from '../call/call.js';
import { type IncomingCall, incomingCallOf } from '../call/incoming-call.js';
import { shortenLongDeadlines } from './long-deadlines.js';
import { strictly, tolerantly } from './malformed.js';
import { isBug, toStatus } from './to-status.js';

/** A port and what is served on it. */
export interface Listener {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly credentials: ServerCredentials;
  readonly interceptor: ServerInterceptor;
  readonly options: ServerOptions;
  /** Implemented by Nest controllers; each method must have a handler. */
  readonly services: readonly ServiceDefinition[];
  /** Adds services without a controller: health, reflection. */
  readonly addServices: (server: GrpcServer) => void;
}

/**
 * Nest's transport for gRPC controllers on several ports. Handlers run through Nest's own pipeline of guards, pipes,
 * interceptors and filters. Unlike Nest's ServerGrpc it opens no port before everything is registered, refuses to start
 * with a method without a handler, and drains within a time.
 */
export class GrpcStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Transport.GRPC;
  readonly #servers = new Map<string, { server: GrpcServer; port: number; address: string }>();

  /** @param onAnswer called with each answer of a handler, before it is sent */
  constructor(
    private readonly listeners: readonly Listener[],
    private readonly onAnswer: (call: IncomingCall, request: unknown, response: unknown) => void = () => {},
  ) {
    super();
  }

  /** The port of an open listener. */
  portOf(name: string): number {
    const started = this.#servers.get(name);
    if (!started) throw new Error(`no listener ${name} is open`);
    return started.port;
  }

  override addHandler(pattern: unknown, callback: MessageHandler, isEventHandler = false, extras = {}): void {
    super.addHandler(JSON.stringify(pattern), callback, isEventHandler, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const servers = this.listeners.map((listener) => ({ listener, server: this.createServer(listener) }));
      for (const { listener, server } of servers) {
        const port = await bind(server, listener);
        this.#servers.set(listener.name, { server, port, address: addressOf(listener.host, port) });
      }
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Cuts off every call at once. */
  close(): void {
    for (const { server, address } of this.#servers.values()) {
      // Without channelz forceShutdown finds no connections by itself.
      server.drain(address, 0);
      server.forceShutdown();
    }
    this.#servers.clear();
  }

  /** Takes no new connections, and waits for the calls in flight at most so long, ms. True when all have ended. */
  async drain(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const ended = Promise.all(
      [...this.#servers.values()].map(({ server, address }) => {
        server.drain(address, timeoutMs);
        return new Promise<boolean>((resolve) => server.tryShutdown((error) => resolve(!error)));
      }),
    ).then((results) => results.every(Boolean));
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    return Promise.race([ended, timeout]).finally(() => clearTimeout(timer));
  }

  on(): never {
    throw new Error('a gRPC server has no events');
  }

  unwrap<T>(): T {
    return [...this.#servers.values()].map(({ server }) => server) as T;
  }

  private createServer({ services, addServices, options, interceptor }: Listener): GrpcServer {
    const server = new GrpcServer({ ...options, interceptors: [interceptor] });
    for (const service of services) {
      const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
      const handlers: Record<string, UntypedHandleCall> = {};
      for (const [name, method] of Object.entries(service)) {
        definition[name] = {
          ...method,
          requestDeserialize: tolerantly(strictly(method.requestDeserialize)),
          responseSerialize: (bytes) => bytes as Buffer,
        };
        handlers[name] = this.unary(this.handlerOf(method.path) as GrpcHandler, method.responseSerialize);
      }
      server.addService(definition, handlers);
    }
    addServices(server);
    return server;
  }

  /** The handler that Nest registered for `@GrpcMethod(service, rpc)`. */
  private handlerOf(path: string): MessageHandler {
    const [, fullName = '', rpc = ''] = path.split('/');
    const service = fullName.split('.').at(-1);
    const handler = this.messageHandlers.get(JSON.stringify({ service, rpc, streaming: 'no_stream' }));
    if (!handler) throw new Error(`no controller handles ${path}`);
    return handler;
  }

  /** @param serialize encodes the answer here, since grpc-js would hide what a wrong one is wrong about */
  private unary(handler: GrpcHandler, serialize: (response: unknown) => Buffer) {
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>): void => {
      const incoming = incomingCallOf(call.metadata) as IncomingCall;
      const answer = async () => {
        const result = await handler(call.request, call.metadata, call);
        const response = isObservable(result) ? await lastValueFrom(result) : result;
        const bytes = serialize(response);
        this.onAnswer(incoming, call.request, response);
        return bytes;
      };
      runForCall(incoming, answer).then(
        (bytes) => callback(null, bytes),
        (error) => {
          // The exception filter has made a status of it, unless another filter failed.
          if (isStatus(error)) return callback(error);
          if (isBug(error)) this.logger.error(error);
          callback(toStatus(error));
        },
      );
    };
  }
}

/** Nest's handler of a gRPC method takes the call as a third argument. */
type GrpcHandler = (request: unknown, metadata: Metadata, call: ServerUnaryCall<unknown, unknown>) => Promise<unknown>;

const isStatus = (error: unknown): error is ServiceError =>
  typeof (error as ServiceError | undefined)?.code === 'number' && !(error instanceof Error);

function bind(server: GrpcServer, { name, host, port, credentials }: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = shortenLongDeadlines();
    server.bindAsync(addressOf(host, port), credentials, (error, bound) => {
      done();
      if (error) reject(new Error(`the ${name} port ${port} on ${host} cannot be opened: ${error.message}`));
      else resolve(bound);
    });
  });
}

const addressOf = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
