import { readFileSync } from 'node:fs';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { type ChannelCredentials, type Client, type ClientOptions, credentials, Metadata } from '@grpc/grpc-js';
import { NO_PROXY } from '../bookstore/no-proxy.js';
import { SandboxError } from '../sandbox-error.js';
import { explainConnection } from './explain.js';

/** How long a service may take to be there. */
const READY_MS = 10_000;

/** A short way back: a seed that meets a restart goes on when the service does. */
const CLIENT_OPTIONS: ClientOptions = {
  ...NO_PROXY,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

export interface Address {
  readonly authorAddress: string;
  readonly bookAddress: string;
  /** File with the certificate authority to trust, PEM; plaintext when absent. */
  readonly ca?: string | undefined;
  readonly token?: string | undefined;
}

/** A running bookstore, as its clients see it. */
export interface Target {
  readonly authorAddress: string;
  readonly bookAddress: string;
  readonly authors: AuthorServiceClient;
  readonly books: BookServiceClient;
  /** What goes with every call. */
  readonly metadata: Metadata;
}

/** Makes the clients; nothing is sent yet. */
export function openTarget({ authorAddress, bookAddress, ca, token }: Address): Target {
  const channel = channelCredentials(ca);
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return {
    authorAddress,
    bookAddress,
    authors: new AuthorServiceClient(authorAddress, channel, CLIENT_OPTIONS),
    books: new BookServiceClient(bookAddress, channel, CLIENT_OPTIONS),
    metadata,
  };
}

/** Waits until both services take connections or the signal comes; throws one line on a service that does not. */
export async function waitForTarget(target: Target, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  await Promise.all([
    ready(target.authors, target.authorAddress, deadline, signal),
    ready(target.books, target.bookAddress, deadline, signal),
  ]);
}

export function closeTarget({ authors, books }: Target): void {
  authors.close();
  books.close();
}

async function ready(client: Client, address: string, deadline: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // In short turns, since nothing ends gRPC's own waiting before its deadline.
    const turn = Math.min(deadline, Date.now() + 200);
    const failed = await new Promise((resolve) => client.waitForReady(turn, resolve));
    if (!failed) return;
    if (Date.now() >= deadline) throw new SandboxError(explainConnection(address, await connectionError(client)));
  }
}

/** Why there is no connection: waitForReady does not tell, a failing call does. */
function connectionError(client: Client): Promise<string> {
  const none = Buffer.alloc(0);
  const same = (bytes: Buffer) => bytes;
  const deadline = Date.now() + 1_000;
  return new Promise((resolve) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, none, { deadline }, (error) =>
      resolve(error?.details ?? ''),
    );
  });
}

function channelCredentials(ca: string | undefined): ChannelCredentials {
  if (ca === undefined) return credentials.createInsecure();
  try {
    return credentials.createSsl(readFileSync(ca));
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new SandboxError(`cannot read the certificate authority of --ca: ${why}`, { cause: error });
  }
}
