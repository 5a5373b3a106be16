import { randomBytes } from 'node:crypto';
import { freePort, until, waitUntilServing } from '@bookstore/sandbox';
import type { DatabaseControl, DatabaseName, FaultyBookstore, ServiceName } from '../bookstore/chaos-bookstore.js';
import type { Addresses } from '../client/bookstore-client.js';
import { ContainerControl } from './container-control.js';
import { docker } from './engine.js';

const OWNERS = {
  authors: { container: 'author-db', user: 'author_migrator' },
  books: { container: 'book-db', user: 'book_migrator' },
} as const;
const DATABASES = Object.values(OWNERS).map(({ container }) => container);
const ACCEPTS_WITHIN_MS = 60_000;
export const SERVES_WITHIN_MS = 60_000;

/** The repository's compose.yaml under a name and on ports of its own, beside any other bookstore of this machine. */
export class ComposeBookstore implements FaultyBookstore {
  static readonly #running = new Set<ComposeBookstore>();
  readonly services: Readonly<Record<ServiceName, ContainerControl>>;
  /** Containers beside compose's own, by id. */
  readonly #guests: string[] = [];

  private constructor(
    readonly project: string,
    readonly addresses: Addresses,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    const control = (name: ServiceName, address: string) =>
      new ContainerControl(
        name,
        (...args) => this.compose(...args),
        () => waitUntilServing(address, SERVES_WITHIN_MS),
      );
    this.services = {
      'author-service': control('author-service', addresses.author),
      'book-service': control('book-service', addresses.book),
    };
  }

  /**
   * Builds the images, and returns once everything is healthy.
   *
   * @param files compose files on top of compose.yaml
   */
  static async start(files: readonly string[] = []): Promise<ComposeBookstore> {
    const [authorPort, bookPort] = [await freePort(), await freePort()];
    const project = `bookstore-chaos-${randomBytes(4).toString('hex')}`;
    const bookstore = new ComposeBookstore(
      project,
      { author: `127.0.0.1:${authorPort}`, book: `127.0.0.1:${bookPort}` },
      {
        COMPOSE_PROJECT_NAME: project,
        COMPOSE_FILE: ['compose.yaml', ...files].join(':'),
        COMPOSE_PATH_SEPARATOR: ':',
        AUTHOR_PORT: String(authorPort),
        BOOK_PORT: String(bookPort),
      },
    );
    ComposeBookstore.#running.add(bookstore);
    try {
      await bookstore.compose('up', '--build', '--wait');
      return bookstore;
    } catch (error) {
      await bookstore[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whatever is there, at a Ctrl-C. */
  static async removeAll(): Promise<void> {
    await Promise.all([...ComposeBookstore.#running].map((bookstore) => bookstore[Symbol.asyncDispose]()));
  }

  readonly database: DatabaseControl = {
    stop: async () => {
      await this.compose('stop', ...DATABASES);
    },
    start: async () => {
      await this.compose('start', ...DATABASES);
      for (const { container, user } of Object.values(OWNERS)) {
        const accepts = () =>
          this.compose('exec', '-T', container, 'pg_isready', '-h', '127.0.0.1', '-U', user).then(
            () => true,
            () => false,
          );
        await until(`${container} takes connections`, ACCEPTS_WITHIN_MS, accepts);
      }
    },
  };

  /** Stops both databases in their tracks; connections stay open. */
  async pauseDatabases(): Promise<void> {
    await this.compose('pause', ...DATABASES);
  }

  async resumeDatabases(): Promise<void> {
    await this.compose('unpause', ...DATABASES);
  }

  /** `docker compose` for this bookstore. */
  compose(...args: string[]): Promise<string> {
    return docker(['compose', ...args], this.env);
  }

  /** A container in the network between the services, until the bookstore is removed; its id. */
  async runBeside(...args: string[]): Promise<string> {
    const id = (await docker(['run', '--detach', '--network', this.network, ...args])).trim();
    this.#guests.push(id);
    return id;
  }

  /** The network between the services, by the engine's name of it. */
  get network(): string {
    return `${this.project}_services`;
  }

  /** Containers of a service, by id. */
  async containersOf(service: ServiceName): Promise<string[]> {
    return (await this.compose('ps', '--quiet', service)).split('\n').filter(Boolean);
  }

  async running(): Promise<boolean> {
    const services = Object.keys(this.services);
    const running = await this.compose('ps', '--status', 'running', '--services', ...services);
    return services.every((service) => running.split('\n').includes(service));
  }

  async query<T>(database: DatabaseName, sql: string): Promise<T[]> {
    const { container, user } = OWNERS[database];
    const asJson = `SELECT coalesce(json_agg(row), '[]') FROM (${sql}) row`;
    const psql = ['psql', '--username', user, '--dbname', database, '--no-align', '--tuples-only', '--command', asJson];
    return JSON.parse(await this.compose('exec', '-T', container, ...psql));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    ComposeBookstore.#running.delete(this);
    const guests = this.#guests.splice(0);
    if (guests.length > 0) await docker(['rm', '--force', ...guests]);
    await this.compose('down', '--volumes', '--timeout', '1');
  }
}
