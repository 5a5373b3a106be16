import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type PostgresServer, prepareDatabase, startEmbeddedPostgres } from '@bookstore/sandbox';
import { startDatabaseProxy, startTcpProxy, type TcpProxy } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import type { Bookstore } from './bookstore.js';
import { type Environment, Replica } from './replica.js';
import { Shared } from './shared.js';

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
  /** Puts a proxy in front of each port of a service. */
  readonly proxies?: boolean;
  /** Puts a proxy in front of each database. */
  readonly databaseProxies?: boolean;
  /** Processes of each service. */
  readonly replicas?: number;
}

/** All services as child processes, on a PostgreSQL of their own. */
export class EmbeddedBookstore implements Bookstore, AsyncDisposable {
  readonly #cleanUp: Array<() => Promise<unknown>> = [];
  readonly #lastLines: string[] = [];
  readonly #replicas = new Map<string, Replica[]>();
  readonly #databaseProxies = new Map<string, TcpProxy>();
  #dataDir = '';
  #postgres!: PostgresServer;

  /** Returns once all services serve. */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedBookstore> {
    const bookstore = new EmbeddedBookstore();
    try {
      await bookstore.#start(options);
      return bookstore;
    } catch (error) {
      await bookstore[Symbol.asyncDispose]();
      throw new Error(`${(error as Error).message}\n${bookstore.#lastLines.join('\n')}`, { cause: error });
    }
  }

  get addresses(): Addresses {
    const address = (name: string) => `127.0.0.1:${this.service(name).publicPort}`;
    return { author: address('author-service'), book: address('book-service') };
  }

  /** Its first process, where it has several. */
  service(name: string): Replica {
    return this.replicas(name)[0] as Replica;
  }

  replicas(name: string): readonly Replica[] {
    return this.#replicas.get(name) ?? [];
  }

  databaseProxy(service: string): TcpProxy {
    return this.#databaseProxies.get(service) as TcpProxy;
  }

  async stopDatabases(): Promise<void> {
    await this.#postgres.stop();
  }

  async startDatabases(): Promise<void> {
    await this.#startPostgres(this.#postgres.port);
  }

  async freezeDatabases(): Promise<void> {
    for (const proxy of this.#databaseProxies.values()) proxy.freeze();
  }

  async thawDatabases(): Promise<void> {
    for (const proxy of this.#databaseProxies.values()) proxy.heal();
  }

  async isRunning(): Promise<boolean> {
    return [...this.#replicas.values()].flat().every(({ isRunning }) => isRunning);
  }

  async query<T>(service: string, sql: string): Promise<T[]> {
    const client = new pg.Client(this.#postgres.url(serviceNamed(service).database));
    // The query fails when the server stops.
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.#cleanUp.splice(0).reverse()) await step();
  }

  async #start({ env = {}, proxies = false, databaseProxies = false, replicas = 1 }: EmbeddedOptions): Promise<void> {
    this.#dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-chaos-'));
    this.#cleanUp.push(() => rm(this.#dataDir, { recursive: true, force: true }));
    await this.#startPostgres();
    this.#cleanUp.push(() => this.#postgres.stop());
    const peers: Record<string, string> = {};
    for (const { name, addressVariable } of services) {
      const ofService: Replica[] = [];
      const internalAddresses: string[] = [];
      for (let count = 0; count < replicas; count++) {
        const [publicPort, internalPort] = [await freePort(), await freePort()];
        const both = proxies
          ? { public: await this.#proxy(publicPort), internal: await this.#proxy(internalPort) }
          : undefined;
        const replica = new Replica({
          name,
          publicPort,
          internalPort,
          proxies: both,
          onLog: (line) => this.#onLog(line),
        });
        this.#cleanUp.push(() => replica.stop());
        ofService.push(replica);
        internalAddresses.push(`127.0.0.1:${both?.internal.port ?? internalPort}`);
      }
      this.#replicas.set(name, ofService);
      peers[addressVariable] = `ipv4:${internalAddresses.join(',')}`;
    }
    // One after the other: each may write the file of passwords.
    for (const { name } of services) {
      const url = await this.#databaseUrl(name, databaseProxies);
      for (const replica of this.replicas(name)) replica.env = { ...SETTINGS, ...peers, DATABASE_URL: url, ...env };
    }
    await Promise.all([...this.#replicas.values()].flat().map((replica) => replica.start()));
  }

  #onLog(line: string): void {
    if (this.#lastLines.push(line) > 5) this.#lastLines.shift();
  }

  async #startPostgres(port?: number): Promise<void> {
    const dataDir = path.join(this.#dataDir, 'postgres');
    this.#postgres = await startEmbeddedPostgres({ dataDir, port, durable: false });
  }

  async #databaseUrl(service: string, hasProxy: boolean): Promise<string> {
    const { url } = await prepareDatabase(service, this.#postgres.url, path.join(this.#dataDir, 'secrets.json'));
    if (!hasProxy) return url;
    const proxy = await startDatabaseProxy(url);
    this.#cleanUp.push(() => proxy.stop());
    this.#databaseProxies.set(service, proxy);
    return proxy.url;
  }

  async #proxy(port: number): Promise<TcpProxy> {
    const proxy = await startTcpProxy('127.0.0.1', port);
    this.#cleanUp.push(() => proxy.stop());
    return proxy;
  }
}

export const sharedEmbedded = new Shared(() => EmbeddedBookstore.start());

/** Proxies take CPU time of the load. */
export const sharedWithProxies = new Shared(() => EmbeddedBookstore.start({ proxies: true, databaseProxies: true }));
