import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type PostgresServer, prepareDatabase, startEmbeddedPostgres } from '@bookstore/sandbox';
import pg from 'pg';
import type { Addresses } from '../client/bookstore-client.js';
import { TcpLink } from '../network/tcp-link.js';
import type { StartOptions } from '../row.js';
import type { ChaosBookstore, DatabaseName, Links, ServiceName } from './chaos-bookstore.js';
import { ProcessControl } from './process-control.js';

type Environment = Readonly<Record<string, string>>;

/** The laboratory's own settings: no limit on the rate of one address, and soon ready. */
const SETTINGS = {
  AUTH: 'off',
  NODE_ENV: 'test',
  LOG_FORMAT: 'json',
  LOG_LEVEL: 'warn',
  RATE_LIMIT_PER_SECOND: '0',
  READINESS_INTERVAL_MS: '50',
};

/** Both services as child processes, on a PostgreSQL of their own. */
export class EmbeddedBookstore implements ChaosBookstore {
  readonly #undo: Array<() => Promise<unknown>> = [];
  readonly log: string[] = [];
  #postgres!: PostgresServer;
  #postgresDir = '';
  #environments!: Readonly<Record<ServiceName, Environment>>;
  #links: Links | undefined;
  services!: Readonly<Record<ServiceName, ProcessControl>>;

  /** Returns once both services serve. */
  static async start(options: StartOptions): Promise<EmbeddedBookstore> {
    const bookstore = new EmbeddedBookstore();
    try {
      await bookstore.#start(options);
      return bookstore;
    } catch (error) {
      await bookstore[Symbol.asyncDispose]();
      throw new Error(`${(error as Error).message}; last logged: ${bookstore.log.slice(-5).join('\n')}`, {
        cause: error,
      });
    }
  }

  get addresses(): Addresses {
    const [author, book] = [this.services['author-service'], this.services['book-service']];
    return { author: `127.0.0.1:${author.publicPort}`, book: `127.0.0.1:${book.publicPort}` };
  }

  get links(): Links {
    if (!this.#links) throw new Error('this bookstore has no links');
    return this.#links;
  }

  readonly database = {
    stop: () => this.#postgres.stop(),
    start: async () => {
      this.#postgres = await startEmbeddedPostgres({
        dataDir: this.#postgresDir,
        port: this.#postgres.port,
        durable: false,
      });
    },
  };

  async running(): Promise<boolean> {
    return Object.values(this.services).every((service) => service.running);
  }

  async query<T>(database: DatabaseName, sql: string): Promise<T[]> {
    const client = await this.connect(database);
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async connect(database: DatabaseName): Promise<pg.Client> {
    const client = new pg.Client(this.#postgres.url(database));
    // A server that is stopped ends it; the next statement tells.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async addReplica(service: ServiceName, env: Environment = {}): Promise<ProcessControl> {
    const replica = this.#control(service, await freePort(), await freePort(), env);
    await replica.start();
    return replica;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await step();
  }

  async #start({ env = {}, links = false }: StartOptions): Promise<void> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-chaos-'));
    this.#undo.push(() => rm(dataDir, { recursive: true, force: true }));
    this.#postgresDir = path.join(dataDir, 'postgres');
    this.#postgres = await startEmbeddedPostgres({ dataDir: this.#postgresDir, durable: false });
    this.#undo.push(() => this.#postgres.stop());
    if (links) this.#links = await this.#openLinks(this.#postgres.port);

    const secrets = path.join(dataDir, 'secrets.json');
    // One after the other: both may have to write the file of passwords.
    const authors = await prepareDatabase('author-service', this.#postgres.url, secrets);
    const books = await prepareDatabase('book-service', this.#postgres.url, secrets);
    const [authorInternal, bookInternal] = [await freePort(), await freePort()];
    this.#links?.toAuthors.leadTo(authorInternal);
    this.#links?.toBooks.leadTo(bookInternal);
    this.#environments = {
      'author-service': {
        DATABASE_URL: throughLink(authors.url, this.#links?.authorDatabase),
        BOOK_SERVICE_ADDRESS: `127.0.0.1:${this.#links?.toBooks.port ?? bookInternal}`,
        ...env,
      },
      'book-service': {
        DATABASE_URL: throughLink(books.url, this.#links?.bookDatabase),
        AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${this.#links?.toAuthors.port ?? authorInternal}`,
        ...env,
      },
    };
    this.services = {
      'author-service': this.#control('author-service', await freePort(), authorInternal, {}),
      'book-service': this.#control('book-service', await freePort(), bookInternal, {}),
    };
    await Promise.all(Object.values(this.services).map((service) => service.start()));
  }

  #control(name: ServiceName, publicPort: number, internalPort: number, extra: Environment): ProcessControl {
    const env = { ...SETTINGS, ...this.#environments[name], ...extra };
    const onLog = (line: string) => void this.log.push(line);
    const control = new ProcessControl({ name, publicPort, internalPort, env, onLog });
    this.#undo.push(() => control.stop());
    return control;
  }

  async #openLinks(postgresPort: number): Promise<Links> {
    const open = async () => {
      const link = await TcpLink.open();
      this.#undo.push(() => link.close());
      return link;
    };
    const links = {
      authorDatabase: await open(),
      bookDatabase: await open(),
      toBooks: await open(),
      toAuthors: await open(),
    };
    links.authorDatabase.leadTo(postgresPort);
    links.bookDatabase.leadTo(postgresPort);
    return links;
  }
}

function throughLink(url: string, link: TcpLink | undefined): string {
  if (!link) return url;
  const through = new URL(url);
  through.port = String(link.port);
  return through.href;
}
