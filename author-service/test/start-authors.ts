import {
  AuthorReferenceServiceService,
  AuthorServiceClient,
  CloseAuthorOutcome,
  type CloseAuthorRequest,
  type CloseAuthorResponse,
  type CreateAuthorRequest,
} from '@bookstore/proto';
import {
  createServiceDatabase,
  type Peer,
  type PromiseClient,
  promiseClient,
  startPeer,
  startTestService,
} from '@bookstore/sandbox/testing';
import type { RunningService } from '@bookstore/service-kit';
import pg from 'pg';
import { inject } from 'vitest';
import { authorService } from '../src/author-service.js';

export type BooksPeer = Peer<CloseAuthorRequest, CloseAuthorResponse>;

/** No book is in the way. */
export const closed = (bookCount = 0): CloseAuthorResponse => ({
  outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_CLOSED,
  bookCount,
});

/** So many books are in the way. */
export const hasBooks = (bookCount: number): CloseAuthorResponse => ({
  outcome: CloseAuthorOutcome.CLOSE_AUTHOR_OUTCOME_HAS_BOOKS,
  bookCount,
});

/** The author service as production runs it, with a database of its own; the book service is a peer that the test plays. */
export interface Authors {
  readonly service: RunningService;
  readonly api: PromiseClient<AuthorServiceClient>;
  readonly shelf: BooksPeer;
  /** The database as its owner. */
  readonly database: pg.Pool;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/** @param prepare arranges what is there before the service is */
export async function startAuthors(
  env: Record<string, string> = {},
  prepare = async (_databaseUrl: string) => {},
): Promise<Authors> {
  const { url, adminUrl } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  await prepare(url);
  const shelf: BooksPeer = await startPeer(AuthorReferenceServiceService, () => closed());
  const service = await startTestService(authorService, {
    DATABASE_URL: url,
    BOOK_SERVICE_ADDRESS: shelf.address,
    ...env,
  });
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  const database = new pg.Pool({ connectionString: adminUrl });
  const stop = async () => {
    api.close();
    await service.stop();
    shelf.stop();
    await database.end();
  };
  return { service, api, shelf, database, databaseUrl: url, stop };
}

let made = 0;

/** A valid author whom no other test has; state only the field that decides. */
export const newAuthor = (given: Partial<CreateAuthorRequest> = {}) => ({
  name: 'Ursula K. Le Guin',
  email: `author-${++made}@example.com`,
  ...given,
});
