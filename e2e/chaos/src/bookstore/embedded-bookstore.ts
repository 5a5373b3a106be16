import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type PostgresServer, prepareDatabase, query, startEmbeddedPostgres } from '@bookstore/sandbox';
import { startDatabaseProxy, startTcpProxy, type TcpProxy } from '@bookstore/sandbox/testing';
import { serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import type { Run } from '../scenario.js';
import { Bookstore, type Breakable, type Play, playOn } from './bookstore.js';
import { type Environment, Replica } from './replica.js';

/** No rate limit, and soon ready. */
const SETTINGS = {
  AUTH: 'off',
  NODE_ENV: 'test',
  LOG_LEVEL: 'warn',
  RATE_LIMIT_PER_SECOND: '0',
  READINESS_INTERVAL_MS: '50',
};

interface Options {
  /** Settings of all services. */
  readonly env?: Environment;
  /** Puts a proxy in front of each database. Proxies take CPU time of the load. */
  readonly databaseProxies?: boolean;
  /** Processes of each service. */
  readonly replicas?: number;
}

/** All services as child processes, on a PostgreSQL of their own. */
export class EmbeddedBookstore extends Bookstore {
  readonly #dataDir = mkdtempSync(path.join(tmpdir(), 'bookstore-chaos-'));
  readonly #replicas: Replica[] = [];
  readonly #databaseProxies: TcpProxy[] = [];
  #postgres: PostgresServer | undefined;

  readonly databases: Breakable = {
    kill: async () => this.#postgres?.stop(),
    start: () => this.#startPostgres(this.#postgres?.port),
    freeze: async () => this.#databaseProxies.forEach((proxy) => void proxy.freeze()),
    thaw: async () => this.#databaseProxies.forEach((proxy) => void proxy.heal()),
  };

  constructor(private readonly options: Options) {
    super();
  }

  get addresses(): Addresses {
    return { author: this.service('author-service').address, book: this.service('book-service').address };
  }

  /** Its first process, where it has several. */
  service(name: string): Replica {
    return this.replicas(name)[0] as Replica;
  }

  replicas(service: string): readonly Replica[] {
    return this.#replicas.filter(({ ports }) => ports.name === service);
  }

  /** A gRPC target: a port of each of its processes. */
  throughProxies(service: string, port: 'public' | 'internal'): string {
    return `ipv4:${this.replicas(service).map(({ proxies }) => `127.0.0.1:${proxies[port].port}`)}`;
  }

  async isRunning(): Promise<boolean> {
    return this.#replicas.every(({ process }) => process?.running);
  }

  query<T>(service: string, sql: string): Promise<T[]> {
    return query(this.#urlOf(serviceNamed(service).database), sql) as Promise<T[]>;
  }

  async start(): Promise<void> {
    await this.#startPostgres();
    const peers: Record<string, string> = {};
    for (const { name, addressVariable } of services) {
      for (let count = this.options.replicas ?? 1; count > 0; count--) this.#replicas.push(await newReplica(name));
      peers[addressVariable] = this.throughProxies(name, 'internal');
    }
    for (const { name } of services) {
      const env = { ...SETTINGS, ...peers, DATABASE_URL: await this.#prepareDatabase(name), ...this.options.env };
      for (const replica of this.replicas(name)) replica.env = env;
    }
    await Promise.all(this.#replicas.map((replica) => replica.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.kill()));
    const proxies = this.#replicas.flatMap((replica) => Object.values(replica.proxies));
    await Promise.all([...proxies, ...this.#databaseProxies].map((proxy) => proxy.stop()));
    await this.#postgres?.stop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #urlOf = (database?: string): string => (this.#postgres as PostgresServer).url(database);

  async #startPostgres(port?: number): Promise<void> {
    const dataDir = path.join(this.#dataDir, 'postgres');
    this.#postgres = await startEmbeddedPostgres({ dataDir, port, durable: false });
  }

  async #prepareDatabase(service: string): Promise<string> {
    const url = await prepareDatabase(service, this.#urlOf);
    if (!this.options.databaseProxies) return url;
    const proxy = await startDatabaseProxy(url);
    this.#databaseProxies.push(proxy);
    return proxy.url;
  }
}

async function newReplica(name: string): Promise<Replica> {
  const ports = { name, publicPort: await freePort(), internalPort: await freePort() };
  const proxyTo = (port: number) => startTcpProxy('127.0.0.1', port);
  return new Replica(ports, { public: await proxyTo(ports.publicPort), internal: await proxyTo(ports.internalPort) });
}

/** A scenario on processes. */
export const onProcesses = (options: Options, play: Play<EmbeddedBookstore>) => (run: Run) =>
  playOn(new EmbeddedBookstore(options), run, play);
