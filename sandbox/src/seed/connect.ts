import { readFileSync } from 'node:fs';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { type Client, type ClientOptions, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { NO_PROXY } from '../bookstore/no-proxy.js';
import { SandboxError } from '../sandbox-error.js';
import type { Endpoint, SeedOptions } from './options.js';

/** How long the first call to a service may take, ms. */
const FIRST_CALL_MS = 2_500;
const MAX_ATTEMPTS = 20;

/**
 * Each create has a request_id and may be sent again. The deadline of the call ends the retries. Where a rate limit
 * refuses a call, grpc-js waits as long as the service asks for (grpc-retry-pushback-ms).
 */
const CLIENT_OPTIONS: ClientOptions = {
  ...NO_PROXY,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // The default is 5, whatever the policy says.
  'grpc-node.retry_max_attempts_limit': MAX_ATTEMPTS,
  'grpc.service_config': JSON.stringify({
    methodConfig: [
      {
        name: [
          { service: 'bookstore.author.v1.AuthorService', method: 'CreateAuthor' },
          { service: 'bookstore.book.v1.BookService', method: 'CreateBook' },
        ],
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

/** The services to call. */
export interface Bookstore {
  readonly authors: AuthorServiceClient;
  readonly books: BookServiceClient;
  /** For each call. */
  readonly metadata: Metadata;
}

/** @throws SandboxError with one line, when a service does not answer */
export async function connect({ authorService, bookService, token }: SeedOptions): Promise<Bookstore> {
  const authors = new AuthorServiceClient(authorService.address, credentialsFor(authorService), CLIENT_OPTIONS);
  const books = new BookServiceClient(bookService.address, credentialsFor(bookService), CLIENT_OPTIONS);
  await Promise.all([requireAnswer(authors, authorService), requireAnswer(books, bookService)]);
  // While a service restarts, calls wait for it until their deadline.
  const metadata = new Metadata({ waitForReady: true });
  if (token) metadata.set('authorization', `Bearer ${token}`);
  return { authors, books, metadata };
}

function credentialsFor({ caFile }: Endpoint) {
  if (caFile === undefined) return credentials.createInsecure();
  try {
    return credentials.createSsl(readFileSync(caFile));
  } catch (error) {
    throw new SandboxError(`cannot use the certificate authority of --ca: ${(error as Error).message}`);
  }
}

/** Makes a first call, which fails at once where nothing listens. Any answer from the service will do. */
async function requireAnswer(client: Client, endpoint: Endpoint): Promise<void> {
  const bytes = (message: Buffer) => message;
  const deadline = Date.now() + FIRST_CALL_MS;
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, bytes, Buffer.alloc(0), { deadline }, resolve);
  });
  if (error?.code === status.DEADLINE_EXCEEDED) throw new SandboxError(nothingAnswers(endpoint));
  if (error?.code === status.UNAVAILABLE) throw new SandboxError(whyUnreachable(endpoint, error.details));
}

const nothingAnswers = ({ address, setBy }: Endpoint) =>
  `nothing answers at ${address}: start the bookstore with npm start or docker compose up, or set ${setBy}`;

/** @param details what grpc-js says about its last try */
function whyUnreachable(endpoint: Endpoint, details: string): string {
  const { address } = endpoint;
  if (details.includes('wrong version number')) return `${address} does not use TLS: leave --ca out`;
  if (/certificate|altnames|SSL|TLS/i.test(details)) {
    const [, reason = details] = /Last error: (?:Error: )?(.*?)\.? Resolution note/s.exec(details) ?? [];
    return `the certificate of ${address} is not trusted (${oneLine(reason)}): set --ca to the authority that signed it`;
  }
  // The connection was opened, and then closed by the service.
  if (details.includes('Last error: Failed to connect')) {
    return `${address} does not speak plaintext gRPC: for a secured bookstore, set --ca to its certificate authority`;
  }
  return nothingAnswers(endpoint);
}

/** Text from another process must not break the line or control the terminal. */
export const oneLine = (text: string) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
