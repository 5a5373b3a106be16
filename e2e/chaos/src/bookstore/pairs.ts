import type { ServiceName } from '@bookstore/sandbox';
import type { Addresses } from '../client/bookstore-client.js';
import type { ChaosBookstore, Replica } from './chaos-bookstore.js';

type Environment = Readonly<Record<string, string>>;

/** Two processes of each service, which every client sees. */
export interface Pairs {
  /** gRPC targets that name both public ports. */
  readonly addresses: Addresses;
  readonly replicas: Readonly<Record<ServiceName, readonly [Replica, Replica]>>;
  /** Where each service finds both of the other one's internal ports. */
  readonly env: Environment;
}

/** Gives each service of an embedded bookstore a second process, and tells all four of each other. */
export async function startPairs(bookstore: ChaosBookstore): Promise<Pairs> {
  const pairOf = async (name: ServiceName): Promise<readonly [Replica, Replica]> => [
    bookstore.services[name],
    await bookstore.addReplica(name),
  ];
  const replicas = {
    'author-service': await pairOf('author-service'),
    'book-service': await pairOf('book-service'),
  };
  const target = (name: ServiceName, port: 'publicPort' | 'internalPort') =>
    `ipv4:${replicas[name].map((replica) => `127.0.0.1:${replica[port]}`).join(',')}`;
  const env = {
    AUTHOR_SERVICE_ADDRESS: target('author-service', 'internalPort'),
    BOOK_SERVICE_ADDRESS: target('book-service', 'internalPort'),
  };
  for (const replica of Object.values(replicas).flat()) {
    await replica.stop();
    await replica.start(env);
  }
  const addresses = { author: target('author-service', 'publicPort'), book: target('book-service', 'publicPort') };
  return { addresses, replicas, env };
}
