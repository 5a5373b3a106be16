import { randomUUID } from 'node:crypto';
import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** A method, and the bytes of a request that it would accept. */
export interface ValidRequest {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Values of every field name of the contract; each message takes those that it has. */
const FIELDS = {
  id: randomUUID(),
  name: 'Ursula K. Le Guin',
  email: 'ursula@example.com',
  title: 'The Left Hand of Darkness',
  authorId: randomUUID(),
  publishedYear: 1969,
  requestId: randomUUID(),
  pageSize: 10,
  pageToken: '',
  force: true,
};

const requestsOf = (service: ServiceDefinition): ValidRequest[] =>
  Object.values(service).map(({ path, requestSerialize }) => ({ path, bytes: requestSerialize(FIELDS) }));

export const authorRequests = requestsOf(AuthorServiceService as ServiceDefinition);
export const bookRequests = requestsOf(BookServiceService as ServiceDefinition);
