import { readFileSync } from 'node:fs';
import { AuthorServiceClient, BookServiceClient, HealthClient } from '@bookstore/proto';
import {
  type ChannelCredentials,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { promiseClient } from '../promise-client.js';
import { SandboxError } from '../sandbox-error.js';
import type { SeedOptions } from './options.js';

/** How long the first call to a service may take, ms. */
const FIRST_CALL_MS = 2_500;
/** For a call and its retries, ms. */
export const CALL_TIMEOUT_MS = 30_000;
const MAX_ATTEMPTS = 20;

/**
 * Each create has a request_id and may be sent again. The deadline of the call ends the retries. Where a rate limit
 * refuses a call, grpc-js waits as long as the service asks for (grpc-retry-pushback-ms).
 */
const CLIENT_OPTIONS: ClientOptions = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // The default is 5, whatever the policy says.
  'grpc-node.retry_max_attempts_limit': MAX_ATTEMPTS,
  'grpc.service_config': JSON.stringify({
    methodConfig: [
      {
        // Every method: only the two creates are called.
        name: [{}],
        retryPolicy: {
          maxAttempts: MAX_ATTEMPTS,
          initialBackoff: '0.1s',
          maxBackoff: '3s',
          backoffMultiplier: 2,
          // A service that stops ends its calls as CANCELLED.
          retryableStatusCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'CANCELLED'],
        },
      },
    ],
  }),
};

/** The services to call, with the settings for each call. */
export type Bookstore = Awaited<ReturnType<typeof connect>>;

/** @throws SandboxError with one line, when a service does not answer */
export async function connect({ addresses, caFile, token }: SeedOptions) {
  const channel = channelOf(caFile);
  await Promise.all([addresses.author, addresses.book].map((address) => requireAnswer(address, channel)));
  // While a service restarts, calls wait for it until their deadline.
  const metadata = new Metadata({ waitForReady: true });
  if (token) metadata.set('authorization', `Bearer ${token}`);
  return {
    authors: promiseClient(AuthorServiceClient, addresses.author, CLIENT_OPTIONS, channel),
    books: promiseClient(BookServiceClient, addresses.book, CLIENT_OPTIONS, channel),
    settings: { metadata, deadlineMs: CALL_TIMEOUT_MS },
  };
}

function channelOf(caFile: string | undefined): ChannelCredentials {
  if (caFile === undefined) return credentials.createInsecure();
  try {
    return credentials.createSsl(readFileSync(caFile));
  } catch (error) {
    throw new SandboxError(`cannot use the certificate authority of --ca: ${(error as Error).message}`);
  }
}

/** Makes a first call, which fails at once where nothing listens. Any answer from the service will do. */
async function requireAnswer(address: string, channel: ChannelCredentials): Promise<void> {
  const health = promiseClient(HealthClient, address, {}, channel);
  try {
    await health.check({}, { deadlineMs: FIRST_CALL_MS });
  } catch (error) {
    const { code, details } = error as ServiceError;
    if (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED) return;
    const advice = 'start the bookstore with npm start or docker compose up, or set AUTHOR_PORT and BOOK_PORT, or --ca';
    throw new SandboxError(
      `nothing answers at ${address}: ${advice} (${oneLine(details.replace(/ Resolution note:.*/s, ''))})`,
    );
  } finally {
    health.close();
  }
}

/** Text from another process must not break the line or control the terminal. */
export const oneLine = (text: string) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
