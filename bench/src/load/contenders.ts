import { fileURLToPath } from 'node:url';
import { freePort, waitUntilServing } from '@bookstore/sandbox';
import { kitSettings } from '@bookstore/service-kit';
import { imageCommand } from './image-command.js';
import { ServerProcess } from './server-process.js';

export type ServiceName = 'author-service' | 'book-service';
/** The bookstore, its peers, and the bookstore with telemetry on. */
export type ContenderName = 'bookstore' | 'pg' | 'echo' | 'nest-prisma' | 'telemetry';

/** A URL of each service's database. */
export type DatabaseUrls = Readonly<Record<ServiceName, string>>;

/** Where a contender finds its databases: as its own role, and as one that may do everything, for the benchmark. */
export interface Databases {
  readonly own: DatabaseUrls;
  readonly admin: DatabaseUrls;
}

/** One of those that are compared: both services, on data of its own. */
export interface Contender {
  readonly name: ContenderName;
  readonly services: Readonly<Record<ServiceName, ServerProcess>>;
  readonly databases: DatabaseUrls;
  stop(): Promise<void>;
}

/** What the bookstore's processes run with. */
export interface BookstoreRun {
  readonly node: string;
  /** Such as --cpu-prof. */
  readonly nodeOptions: readonly string[];
  /** On top of the defaults, which are those of production. */
  readonly settings: Readonly<Record<string, string>>;
}

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** All limits are on, at what the load does not reach: a call that is refused has no time. */
const SETTINGS = {
  LISTEN_HOST: '127.0.0.1',
  RATE_LIMIT_PER_SECOND: '1000000',
  RATE_LIMIT_BURST: '1000000',
  MAX_CALLS_IN_FLIGHT: '10000',
  LOG_FORMAT: 'json',
};

const SHOWN = ['MAX_CALLS_IN_FLIGHT', 'RATE_LIMIT_PER_SECOND', 'DATABASE_POOL_SIZE', 'LOG_LEVEL'] as const;

/** What the bookstore is set to that decides most, as one line. */
export const shownSettings = (settings: Readonly<Record<string, string>>): string =>
  ['AUTH', ...SHOWN].map((name) => `${name} ${{ ...defaults(), ...SETTINGS, ...settings }[name]}`).join(', ');

const defaults = () => Object.fromEntries(SHOWN.map((name) => [name, kitSettings[name].defaultValue]));

/** Both services by the command of their images. */
export async function startBookstore(
  name: ContenderName,
  { node, nodeOptions, settings }: BookstoreRun,
  databases: Databases,
): Promise<Contender> {
  const [authorPort, bookPort, authorInternal, bookInternal] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const start = (service: ServiceName, port: number | undefined, own: Record<string, string>) =>
    new ServerProcess({
      node,
      args: [...nodeOptions, ...imageCommand(repository, service)],
      cwd: repository,
      env: { ...SETTINGS, ...settings, ...own, DATABASE_URL: databases.own[service], PUBLIC_PORT: String(port) },
      address: `127.0.0.1:${port}`,
    });
  const services = {
    'author-service': start('author-service', authorPort, {
      INTERNAL_PORT: String(authorInternal),
      BOOK_SERVICE_ADDRESS: `127.0.0.1:${bookInternal}`,
    }),
    'book-service': start('book-service', bookPort, {
      INTERNAL_PORT: String(bookInternal),
      AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${authorInternal}`,
    }),
  };
  await Promise.all(Object.values(services).map(({ address }) => waitUntilServing(address, 30_000)));
  return contender(name, services, databases);
}

const PEERS = {
  pg: { 'author-service': 'pg.js', 'book-service': 'pg.js' },
  echo: { 'author-service': 'echo.js', 'book-service': 'echo.js' },
  'nest-prisma': {
    'author-service': 'nest-prisma/author-service.js',
    'book-service': 'nest-prisma/book-service.js',
  },
} as const;

/** A peer's two services; each of echo's two processes serves both. */
export async function startPeer(name: keyof typeof PEERS, node: string, databases: Databases): Promise<Contender> {
  const ports = { 'author-service': await freePort(), 'book-service': await freePort() };
  const start = (service: ServiceName, other: ServiceName) =>
    new ServerProcess({
      node,
      args: [fileURLToPath(new URL(`../peers/${PEERS[name][service]}`, import.meta.url))],
      cwd: repository,
      env: {
        SERVICE: service,
        PORT: String(ports[service]),
        PEER: `127.0.0.1:${ports[other]}`,
        DATABASE_URL: databases.own[service],
      },
      address: `127.0.0.1:${ports[service]}`,
    });
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
