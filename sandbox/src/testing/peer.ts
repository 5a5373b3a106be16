import { promisify } from 'node:util';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';

/** A call that the peer has received. */
export interface ReceivedCall<Req> {
  readonly method: string;
  readonly request: Req;
  readonly metadata: Metadata;
  readonly deadline: number;
}

/** What a peer says to a request; what it throws as `{ code, details }` is the status. */
export type Answer<Req, Res> = (request: Req) => Res | Promise<Res>;

/** The other service, as far as this one sees it: a real gRPC server, whose answers the test says. */
export interface Peer<Req, Res> {
  /** host:port. */
  readonly address: string;
  readonly received: ReceivedCall<Req>[];
  answer: Answer<Req, Res>;
  /** The port closes, and every connection with it. */
  stop(): void;
  /** The port opens again. */
  start(): Promise<void>;
}

/** Never answers. */
export const silence = (): Promise<never> => new Promise(() => {});

/** Answers with a status. */
export const refuse =
  (code: status, details = 'said by the peer') =>
  (): never => {
    throw Object.assign(new Error(details), { code, details });
  };

/** Starts a peer on a free port of this machine. */
export async function startPeer<Req, Res>(
  service: ServiceDefinition,
  answer: Answer<Req, Res>,
): Promise<Peer<Req, Res>> {
  let server: Server;
  let port = 0;
  const handler = (call: ServerUnaryCall<Req, Res>, callback: sendUnaryData<Res>) => {
    const deadline = Number(call.getDeadline());
    peer.received.push({ method: call.getPath(), request: call.request, metadata: call.metadata, deadline });
    new Promise<Res>((resolve) => resolve(peer.answer(call.request))).then(
      (response) => callback(null, response),
      (error) => callback(error),
    );
  };
  const start = async () => {
    server = new Server();
    server.addService(service, Object.fromEntries(Object.keys(service).map((method) => [method, handler])));
    port = await promisify(server.bindAsync.bind(server))(`127.0.0.1:${port}`, ServerCredentials.createInsecure());
  };
  await start();
  const peer: Peer<Req, Res> = {
    address: `127.0.0.1:${port}`,
    received: [],
    answer,
    start,
    stop: () => server.forceShutdown(),
  };
  return peer;
}
