import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';

/** Without the proxy that grpc-js takes from `http_proxy`: it may not reach this machine's ports. */
export const NO_PROXY: ChannelOptions = { 'grpc.enable_http_proxy': 0 };

/** A client class as ts-proto generates it. */
export interface ClientType<C extends Client> {
  new (address: string, credentials: ChannelCredentials, options?: Partial<ClientOptions>): C;
  readonly service: ServiceDefinition;
}

export interface CallSettings {
  readonly metadata?: Metadata;
  /** How long this caller waits, ms; 10 s unless said. */
  readonly deadlineMs?: number;
  /** The caller goes away when it is aborted. */
  readonly signal?: AbortSignal;
}

type Callback<Res> = (error: ServiceError | null, response: Res) => void;

type PromiseMethod<M> = M extends (
  request: infer Req,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: Callback<infer Res>,
) => ClientUnaryCall
  ? (request?: Partial<Req>, settings?: CallSettings) => Promise<Res>
  : never;

/** The methods of a generated client as promises; fields that a request leaves out are not sent. */
export type PromiseClient<C extends Client> = {
  readonly [M in Exclude<keyof C, keyof Client>]: PromiseMethod<C[M]>;
} & { close(): void };

/** Calls a service: by host:port, or by its port on this machine. */
export function promiseClient<C extends Client>(
  type: ClientType<C>,
  at: number | string,
  options: Partial<ClientOptions> = {},
  channel: ChannelCredentials = credentials.createInsecure(),
): PromiseClient<C> {
  const address = typeof at === 'number' ? `127.0.0.1:${at}` : at;
  const client = new type(address, channel, { ...NO_PROXY, ...options });
  const methods = Object.entries(type.service).map(([name, method]) => [name, unary(client, method)]);
  return { ...Object.fromEntries(methods), close: () => client.close() } as PromiseClient<C>;
}

// biome-ignore lint/suspicious/noExplicitAny: any method of any service
function unary(client: Client, { path, ...codec }: MethodDefinition<any, any>) {
  const nothingSet = codec.requestDeserialize(Buffer.alloc(0)) as object;
  return (request: object = {}, { metadata, deadlineMs = 10_000, signal }: CallSettings = {}) =>
    new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        path,
        codec.requestSerialize,
        codec.responseDeserialize,
        { ...nothingSet, ...request },
        metadata ?? new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, response) => (error ? reject(error) : resolve(response)),
      );
      signal?.addEventListener('abort', () => call.cancel());
    });
}
