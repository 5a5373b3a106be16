import { until } from '@bookstore/sandbox';
import type { Addresses } from '../client/bookstore-client.js';
import { TcpLink } from '../network/tcp-link.js';
import type { ChaosBookstore, Replica, ServiceName } from './chaos-bookstore.js';

type Environment = Readonly<Record<string, string>>;

/** Two processes of each service, which every client sees. */
export interface Pairs extends AsyncDisposable {
  /** gRPC targets that name both public ports. */
  readonly addresses: Addresses;
  readonly replicas: Readonly<Record<ServiceName, readonly [Replica, Replica]>>;
  /** Where each service finds both of the other one's internal ports. */
  readonly env: Environment;
  /**
   * Replaces a process by a new one under load, and waits until everybody is connected to the new one: what an
   * orchestrator's pause between two replacements is for.
   */
  replace(replica: Replica): Promise<void>;
}

const RECONNECTED_WITHIN_MS = 15_000;
/** Who connects to a replica: the one client, and both of the other service's processes. */
const CLIENTS = { publicPort: 1, internalPort: 2 };

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
  // By links, which can tell who is connected.
  const links = new Map<Replica, Record<'publicPort' | 'internalPort', TcpLink>>();
  for (const replica of Object.values(replicas).flat()) {
    links.set(replica, { publicPort: await TcpLink.open(), internalPort: await TcpLink.open() });
  }
  const linksOf = (replica: Replica) => links.get(replica) as Record<'publicPort' | 'internalPort', TcpLink>;
  const target = (name: ServiceName, port: 'publicPort' | 'internalPort') =>
    `ipv4:${replicas[name].map((replica) => `127.0.0.1:${linksOf(replica)[port].port}`).join(',')}`;
  const env = {
    AUTHOR_SERVICE_ADDRESS: target('author-service', 'internalPort'),
    BOOK_SERVICE_ADDRESS: target('book-service', 'internalPort'),
  };
  // Connections that a server has answered on: the link itself takes a connection whoever is behind it.
  const answering = new Map<TcpLink, Set<object>>();
  const restart = async (replica: Replica) => {
    await replica.stop();
    for (const link of Object.values(linksOf(replica))) {
      const answered = new Set<object>();
      answering.set(link, answered);
      link.onBytes = (_, direction, connection) => {
        // Never more than there are clients: one that connects again is the same one.
        if (direction === 'answer' && answered.size < clientsOf(link)) answered.add(connection);
      };
    }
    await replica.start(env);
    for (const port of ['publicPort', 'internalPort'] as const) linksOf(replica)[port].leadTo(replica[port]);
  };
  const clientsOf = (link: TcpLink) => {
    const isPublic = [...links.values()].some(({ publicPort }) => publicPort === link);
    return isPublic ? CLIENTS.publicPort : CLIENTS.internalPort;
  };
  for (const replica of Object.values(replicas).flat()) await restart(replica);
  const addresses = { author: target('author-service', 'publicPort'), book: target('book-service', 'publicPort') };
  return {
    addresses,
    replicas,
    env,
    replace: async (replica) => {
      const { publicPort, internalPort } = linksOf(replica);
      const connected = (link: TcpLink) => answering.get(link)?.size ?? 0;
      await restart(replica);
      // A peer connects with its first call: who made none before is waited for, too. It may have begun while this one was
      // away, and would be without any when the other one goes.
      const isBack = () =>
        connected(publicPort) === CLIENTS.publicPort && connected(internalPort) === CLIENTS.internalPort;
      await until('everybody connected again', RECONNECTED_WITHIN_MS, isBack);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...links.values()].flatMap((pair) => Object.values(pair)).map((link) => link.close()));
    },
  };
}
