import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type PostgresServer, prepareDatabase, startEmbeddedPostgres } from '@bookstore/sandbox';
import { startDatabaseProxy, startTcpProxy, type TcpProxy } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import { Bookstore, type Breakable, lender } from './bookstore.js';
import { type Environment, Replica } from './replica.js';

/** No rate limit, and soon ready. */
const SETTINGS = {
  AUTH: 'off',
  NODE_ENV: 'test',
  LOG_LEVEL: 'warn',
  RATE_LIMIT_PER_SECOND: '0',
  READINESS_INTERVAL_MS: '50',
};

export interface EmbeddedOptions {
  /** Settings of all services. */
  readonly env?: Environment;
  /** Puts a proxy in front of each database. Proxies take CPU time of the load. */
  readonly databaseProxies?: boolean;
  /** Processes of each service. */
  readonly replicas?: number;
}

/** All services as child processes, on a PostgreSQL of their own. */
export class EmbeddedBookstore extends Bookstore {
  readonly #replicas = new Map<string, Replica[]>();
  readonly #databaseProxies: TcpProxy[] = [];
  #dataDir = '';
  #postgres!: PostgresServer;

  readonly databases: Breakable = {
    kill: () => this.#postgres.stop(),
    start: () => this.#startPostgres(this.#postgres.port),
    freeze: async () => this.#databaseProxies.forEach((proxy) => void proxy.freeze()),
    thaw: async () => this.#databaseProxies.forEach((proxy) => void proxy.heal()),
  };

  private constructor(private readonly options: EmbeddedOptions) {
    super();
  }

  /** Returns once all services serve. */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedBookstore> {
    const bookstore = new EmbeddedBookstore(options);
    return bookstore.started(bookstore.#start());
  }

  get addresses(): Addresses {
    return { author: this.service('author-service').address, book: this.service('book-service').address };
  }

  /** Its first process, where it has several. */
  service(name: string): Replica {
    return this.replicas(name)[0] as Replica;
  }

  replicas(name: string): readonly Replica[] {
    return this.#replicas.get(name) ?? [];
  }

  async isRunning(): Promise<boolean> {
    return [...this.#replicas.values()].flat().every(({ isRunning }) => isRunning);
  }

  async query<T>(service: string, sql: string): Promise<T[]> {
    const client = new pg.Client(this.#postgres.url(serviceNamed(service).database));
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async #start(): Promise<void> {
    this.#dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-chaos-'));
    this.atTheEnd(() => rm(this.#dataDir, { recursive: true, force: true }));
    await this.#startPostgres();
    this.atTheEnd(() => this.#postgres.stop());
    const peers: Record<string, string> = {};
    for (const { name, addressVariable } of services) {
      const replicas: Replica[] = [];
      for (let count = this.options.replicas ?? 1; count > 0; count--) replicas.push(await this.#replica(name));
      this.#replicas.set(name, replicas);
      peers[addressVariable] = `ipv4:${replicas.map(({ proxies }) => `127.0.0.1:${proxies.internal.port}`)}`;
    }
    for (const { name } of services) {
      const env = { ...SETTINGS, ...peers, DATABASE_URL: await this.#databaseUrl(name), ...this.options.env };
      for (const replica of this.replicas(name)) replica.env = env;
    }
    await Promise.all([...this.#replicas.values()].flat().map((replica) => replica.start()));
  }

  async #startPostgres(port?: number): Promise<void> {
    const dataDir = path.join(this.#dataDir, 'postgres');
    this.#postgres = await startEmbeddedPostgres({ dataDir, port, durable: false });
  }

  async #replica(name: string): Promise<Replica> {
    const ports = { publicPort: await freePort(), internalPort: await freePort() };
    const proxies = { public: await this.#proxy(ports.publicPort), internal: await this.#proxy(ports.internalPort) };
    const replica = new Replica({ name, ...ports }, proxies);
    this.atTheEnd(() => replica.stop());
    return replica;
  }

  async #proxy(port: number): Promise<TcpProxy> {
    const proxy = await startTcpProxy('127.0.0.1', port);
    this.atTheEnd(() => proxy.stop());
    return proxy;
  }

  async #databaseUrl(service: string): Promise<string> {
    const { url } = await prepareDatabase(service, this.#postgres.url);
    if (!this.options.databaseProxies) return url;
    const proxy = await startDatabaseProxy(url);
    this.atTheEnd(() => proxy.stop());
    this.#databaseProxies.push(proxy);
    return proxy.url;
  }
}

export const lendEmbedded = lender(() => EmbeddedBookstore.start({ databaseProxies: true }));
