import { randomUUID } from 'node:crypto';
import {
  type Author,
  AuthorReferenceServiceClient,
  AuthorServiceService,
  BookServiceClient,
  type CreateBookRequest,
  type GetAuthorRequest,
} from '@bookstore/proto';
import {
  createServiceDatabase,
  type Peer,
  type PromiseClient,
  promiseClient,
  refuse,
  startPeer,
  startTestService,
} from '@bookstore/sandbox/testing';
import type { RunningService } from '@bookstore/service-kit';
import { status } from '@grpc/grpc-js';
import pg from 'pg';
import { inject } from 'vitest';
import { bookService } from '../src/book-service.js';

const { getAuthor } = AuthorServiceService;

/** The book service as production runs it, with a database of its own; the author service is a peer that the test plays. */
export interface Books {
  readonly service: RunningService;
  readonly api: PromiseClient<BookServiceClient>;
  /** The internal port, as the author service sees it. */
  readonly references: PromiseClient<AuthorReferenceServiceClient>;
  readonly directory: Peer<GetAuthorRequest, Author>;
  /** The database as its owner. */
  readonly database: pg.Pool;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

export async function startBooks(env: Record<string, string> = {}): Promise<Books> {
  const { url, adminUrl } = await createServiceDatabase(inject('postgresUrl'), 'book-service');
  const directory = await startPeer<GetAuthorRequest, Author>({ getAuthor }, anybody);
  const service = await startTestService(bookService, {
    DATABASE_URL: url,
    AUTHOR_SERVICE_ADDRESS: directory.address,
    ...env,
  });
  const api = promiseClient(BookServiceClient, service.publicPort);
  const references = promiseClient(AuthorReferenceServiceClient, service.internalPort);
  const database = new pg.Pool({ connectionString: adminUrl, max: 20 });
  const stop = async () => {
    api.close();
    references.close();
    await service.stop();
    directory.stop();
    await database.end();
  };
  return { service, api, references, directory, database, databaseUrl: url, stop };
}

/** Whoever is asked for exists. */
export const anybody = ({ id }: GetAuthorRequest): Author => ({
  id,
  name: 'Ursula K. Le Guin',
  email: 'ursula@example.com',
  createdAt: '2026-11-22T18:04:05.123Z',
});

/** No author exists. */
export const nobody = refuse(status.NOT_FOUND, 'no such author');

/** A valid book of an author of its own; state only the field that decides. */
export const newBook = (given: Partial<CreateBookRequest> = {}) => ({
  title: 'The Dispossessed',
  authorId: randomUUID(),
  publishedYear: 1974,
  ...given,
});
