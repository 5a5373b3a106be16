import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitUntilServing } from '@bookstore/sandbox';
import { ServerProcess } from './server-process.js';

export type ServiceName = 'author-service' | 'book-service';
/** The bookstore, its peers, another version of it, and it with telemetry on. */
export type ContenderName = 'bookstore' | 'B' | 'E' | 'N' | 'against' | 'telemetry';

/** One of those that are compared: both services, on data of its own. */
export interface Contender {
  readonly name: ContenderName;
  readonly services: Readonly<Record<ServiceName, ServerProcess>>;
  /** For the data that a round needs, as a role that may do everything. */
  readonly databases: Readonly<Record<ServiceName, string>>;
  stop(): Promise<void>;
}

/** Where a contender finds its databases: for itself, and for the benchmark. */
export interface Databases {
  readonly own: Readonly<Record<ServiceName, string>>;
  readonly admin: Readonly<Record<ServiceName, string>>;
}

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What the image's settings are, but for a rate limit that a benchmark would only measure itself by. */
const PRODUCTION = {
  AUTH: 'off',
  LISTEN_HOST: '127.0.0.1',
  RATE_LIMIT_PER_SECOND: '1000000',
  RATE_LIMIT_BURST: '1000000',
  MAX_CALLS_IN_FLIGHT: '1024',
  LOG_FORMAT: 'json',
};

/** The bookstore as it is built in a folder. */
export async function startBookstoreIn(
  root: string,
  name: ContenderName,
  databases: Databases,
  nodeOptions: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Contender> {
  const [authorPort, bookPort, authorInternal, bookInternal] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const start = (
    service: ServiceName,
    port: number | undefined,
    internal: number | undefined,
    peer: Record<string, string>,
  ) =>
    new ServerProcess(
      path.join(root, service, 'dist/main.js'),
      {
        ...PRODUCTION,
        ...env,
        ...peer,
        DATABASE_URL: databases.own[service],
        PUBLIC_PORT: String(port),
        INTERNAL_PORT: String(internal),
      },
      `127.0.0.1:${port}`,
      nodeOptions,
    );
  const services = {
    'author-service': start('author-service', authorPort, authorInternal, {
      BOOK_SERVICE_ADDRESS: `127.0.0.1:${bookInternal}`,
    }),
    'book-service': start('book-service', bookPort, bookInternal, {
      AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${authorInternal}`,
    }),
  };
  await Promise.all(Object.values(services).map(({ address }) => waitUntilServing(address, 30_000)));
  return contender(name, services, databases);
}

export const startBookstoreHere = (databases: Databases, nodeOptions: readonly string[]) =>
  startBookstoreIn(repository, 'bookstore', databases, nodeOptions);

/** A peer's two services; E's one process is both. */
export async function startPeer(name: 'B' | 'E' | 'N', databases: Databases): Promise<Contender> {
  const mains = {
    B: { 'author-service': 'bare.js', 'book-service': 'bare.js' },
    E: { 'author-service': 'echo.js', 'book-service': 'echo.js' },
    N: { 'author-service': 'stock-author.js', 'book-service': 'stock-book.js' },
  }[name];
  const ports = { 'author-service': await freePort(), 'book-service': await freePort() };
  const start = (service: ServiceName, peer: ServiceName) =>
    new ServerProcess(
      fileURLToPath(new URL(`peers/${mains[service]}`, import.meta.url)),
      {
        SERVICE: service,
        PORT: String(ports[service]),
        PEER: `127.0.0.1:${ports[peer]}`,
        DATABASE_URL: databases.own[service],
      },
      `127.0.0.1:${ports[service]}`,
    );
  const services = {
    'author-service': start('author-service', 'book-service'),
    'book-service': start('book-service', 'author-service'),
  };
  await Promise.all(Object.values(services).map((service) => service.message()));
  return contender(name, services, databases);
}

const contender = (name: ContenderName, services: Contender['services'], { admin }: Databases): Contender => ({
  name,
  services,
  databases: admin,
  stop: async () => {
    await Promise.all(Object.values(services).map((service) => service.stop()));
  },
});
