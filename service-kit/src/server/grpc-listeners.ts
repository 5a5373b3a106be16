import {
  type MethodDefinition,
  Server,
  type ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, Server as NestServer, Transport } from '@nestjs/microservices';
import { keepCredentialsAsSent } from '../auth/credentials-as-sent.js';
import { type Call, runForCall } from '../call/call.js';
import { explain, toStatus } from '../errors/to-status.js';
import { limitConnections } from '../limits/connections.js';
import { beginCallsInTurns } from './calls-in-turns.js';
import type { Handler } from './controller-handlers.js';
import { http2ServersOf } from './http2-servers.js';
import { strictly, tolerantly } from './malformed.js';
import { releaseClosedStreams } from './release-closed-streams.js';
import { responseEncoder } from './responses.js';
import { ServerCall } from './server-call.js';
import { keepStreamsInArrays } from './streams-in-arrays.js';

/** A port, and what is served there. */
export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly credentials: ServerCredentials;
  readonly interceptor: ServerInterceptor;
  readonly options: ServerOptions;
  readonly maxConnections: number;
  /** Implemented by Nest controllers; each method must have a handler. */
  readonly services: readonly ServiceDefinition[];
  /** Adds what is no controller's: health, reflection. */
  readonly addExtras: (server: Server) => void;
}

/**
 * Nest's gRPC controllers on several ports, each with its own services. Unlike Nest's ServerGrpc, it opens a port only
 * once everything is registered, so that no early call is answered UNIMPLEMENTED; it refuses to start with a method
 * that nobody handles; and it drains.
 */
export class GrpcListeners extends NestServer implements CustomTransportStrategy {
  override readonly transportId = Transport.GRPC;
  readonly #servers = new Map<string, { server: Server; port: number; address: string }>();

  #handlers: ReadonlyMap<string, Handler> = new Map();

  /**
   * @param onBug told of each error that does not explain itself, for the log
   * @param onAnswer told of each answer of a handler, before it is sent
   */
  constructor(
    private readonly listeners: readonly Listener[],
    private readonly onBug: (error: unknown) => void,
    private readonly onAnswer: (call: Call, request: unknown, response: unknown) => void = () => {},
  ) {
    super();
  }

  /** What answers the calls, by service and rpc; before it listens. */
  handleBy(handlers: ReadonlyMap<string, Handler>): void {
    this.#handlers = handlers;
  }

  /** Nest's way to a controller's method is not taken. */
  override addHandler(): void {}

  /** The port that a listener took. */
  portOf(name: string): number {
    const started = this.#servers.get(name);
    if (!started) throw new Error(`no listener ${name} is open`);
    return started.port;
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      for (const listener of this.listeners) {
        const server = this.createServer(listener);
        const port = await bind(server, listener);
        this.#servers.set(listener.name, { server, port, address: addressOf(listener.host, port) });
        for (const http2Server of http2ServersOf(server)) {
          keepCredentialsAsSent(http2Server);
          http2Server.on('session', keepStreamsInArrays);
          releaseClosedStreams(http2Server);
          limitConnections(http2Server, listener.maxConnections);
          beginCallsInTurns(http2Server);
        }
      }
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Ends every call at once; `drain` comes before, where calls in flight shall end by themselves. */
  close(): void {
    for (const { server, address } of this.#servers.values()) {
      // forceShutdown by itself knows no connection where channelz is off.
      server.drain(address, 0);
      server.forceShutdown();
    }
    this.#servers.clear();
  }

  /**
   * Takes no new connections and waits for calls in flight, for at most so long; then they are cut off. True when all
   * have ended by themselves.
   */
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
    throw new Error('gRPC has no events');
  }

  unwrap<T>(): T {
    return [...this.#servers.values()].map(({ server }) => server) as T;
  }

  private createServer({ services, addExtras, options, interceptor }: Listener): Server {
    const server = new Server({ ...options, interceptors: [interceptor] });
    for (const service of services) {
      const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
      const handlers: Record<string, UntypedHandleCall> = {};
      for (const [name, method] of Object.entries(service)) {
        definition[name] = {
          ...method,
          requestDeserialize: tolerantly(strictly(method.requestDeserialize)),
          responseSerialize: responseEncoder(method),
        };
        handlers[name] = this.handlerOf(method.path);
      }
      server.addService(definition, handlers);
    }
    addExtras(server);
    return server;
  }

  private handlerOf(path: string): UntypedHandleCall {
    const [, fullService = '', rpc = ''] = path.split('/');
    const handler = this.#handlers.get(`${fullService.split('.').at(-1)}/${rpc}`);
    if (!handler) throw new Error(`no controller handles ${path}`);
    return this.unary(handler);
  }

  private unary(handler: Handler) {
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>): void => {
      const serverCall = new ServerCall(call);
      const succeed = (response: unknown) => {
        this.onAnswer(serverCall, call.request, response);
        callback(null, response);
      };
      const fail = (error: unknown) => {
        const explained = explain(error);
        if (explained.reason === 'INTERNAL') runForCall(serverCall, () => this.onBug(error));
        callback(toStatus(explained));
      };
      try {
        const answer = runForCall(serverCall, () => handler(call.request, call.metadata, call));
        Promise.resolve(answer).then(succeed, fail);
      } catch (error) {
        fail(error);
      }
    };
  }
}

function bind(server: Server, { name, host, port, credentials }: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(addressOf(host, port), credentials, (error, bound) => {
      if (error) reject(new Error(`the ${name} port ${port} on ${host} cannot be opened: ${error.message}`));
      else resolve(bound);
    });
  });
}

const addressOf = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
