import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, runProgram, until, waitUntilServing } from '@bookstore/sandbox';
import { serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import type { Bookstore, FaultyService } from './bookstore.js';
import { Shared } from './shared.js';

export const SERVES_WITHIN_MS = 60_000;

/** The path is the same from the source and from the compiled file. */
const root = fileURLToPath(new URL('../../../..', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** @throws Error with what docker printed to stderr */
export async function docker(args: readonly string[], env: Environment = {}): Promise<string> {
  const { status, stdout, stderr } = await runProgram('docker', args, { cwd: root, env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

const databaseContainer = (service: string) => `${serviceNamed(service).shortName}-db`;
const databaseContainers = services.map(({ name }) => databaseContainer(name));
const databaseOwner = (service: string) => `${serviceNamed(service).shortName}_migrator`;

/** The repository's compose.yaml, with a project name and ports of its own. */
export class ComposeBookstore implements Bookstore, AsyncDisposable {
  static readonly #running = new Set<ComposeBookstore>();
  readonly #project = `bookstore-chaos-${randomBytes(4).toString('hex')}`;
  /** Containers beside those of compose, by id. */
  readonly #guests: string[] = [];

  private constructor(
    private readonly ports: ReadonlyMap<string, number>,
    private readonly files: readonly string[],
  ) {}

  /**
   * Builds the images, and returns once everything is healthy.
   *
   * @param files compose files on top of compose.yaml
   */
  static async start(files: readonly string[] = []): Promise<ComposeBookstore> {
    const ports = new Map<string, number>();
    for (const { name } of services) ports.set(name, await freePort());
    const bookstore = new ComposeBookstore(ports, files);
    ComposeBookstore.#running.add(bookstore);
    await bookstore.compose('up', '--build', '--wait');
    return bookstore;
  }

  /** Containers outlive the process that started them. */
  static async removeAll(): Promise<void> {
    await Promise.all([...ComposeBookstore.#running].map((bookstore) => bookstore[Symbol.asyncDispose]()));
  }

  get addresses(): Addresses {
    return { author: this.#address('author-service'), book: this.#address('book-service') };
  }

  service(name: string): FaultyService {
    return {
      kill: async () => {
        await this.compose('kill', '--signal', 'SIGKILL', name);
        // Fails when it has ended already.
        await this.compose('wait', name).catch(() => {});
      },
      start: async () => {
        await this.compose('start', name);
        await waitUntilServing(this.#address(name), SERVES_WITHIN_MS);
      },
      freeze: async () => void (await this.compose('pause', name)),
      thaw: async () => void (await this.compose('unpause', name)),
    };
  }

  async stopDatabases(): Promise<void> {
    await this.compose('stop', ...databaseContainers);
  }

  async startDatabases(): Promise<void> {
    await this.compose('start', ...databaseContainers);
    for (const { name } of services) {
      const isReady = ['pg_isready', '-h', '127.0.0.1', '-U', databaseOwner(name)];
      await until(`${databaseContainer(name)} accepts connections`, SERVES_WITHIN_MS, () =>
        this.compose('exec', '-T', databaseContainer(name), ...isReady).then(
          () => true,
          () => false,
        ),
      );
    }
  }

  async freezeDatabases(): Promise<void> {
    await this.compose('pause', ...databaseContainers);
  }

  async thawDatabases(): Promise<void> {
    await this.compose('unpause', ...databaseContainers);
  }

  async isRunning(): Promise<boolean> {
    const running = (await this.compose('ps', '--status', 'running', '--services')).split('\n');
    return services.every(({ name }) => running.includes(name));
  }

  async query<T>(service: string, sql: string): Promise<T[]> {
    const asJson = `SELECT coalesce(json_agg(row), '[]') FROM (${sql}) row`;
    const login = ['--username', databaseOwner(service), '--dbname', serviceNamed(service).database];
    const psql = ['psql', ...login, '--no-align', '--tuples-only', '--command', asJson];
    return JSON.parse(await this.compose('exec', '-T', databaseContainer(service), ...psql));
  }

  /** `docker compose` for this bookstore. */
  compose(...args: string[]): Promise<string> {
    const ports = services.map(({ name, portVariable }) => [portVariable, String(this.ports.get(name))]);
    return docker(['compose', ...args], {
      COMPOSE_PROJECT_NAME: this.#project,
      COMPOSE_FILE: ['compose.yaml', ...this.files].join(':'),
      COMPOSE_PATH_SEPARATOR: ':',
      ...Object.fromEntries(ports),
    });
  }

  /**
   * Runs a script in the services' network, in the author service's image, until the bookstore is removed.
   *
   * @param script relative to the repository's root; it prints lines of JSON
   * @returns the container's id
   */
  async runInNetwork(script: string, env: Environment): Promise<string> {
    const { IMAGE_PREFIX = 'bookstore', IMAGE_TAG = 'dev' } = process.env;
    const settings = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const network = ['--network', `${this.#project}_services`];
    const program = ['node', '--input-type=module', '--eval', readFileSync(path.join(root, script), 'utf8')];
    const image = `${IMAGE_PREFIX}/author-service:${IMAGE_TAG}`;
    const id = (await docker(['run', '--detach', ...network, ...settings, image, ...program])).trim();
    this.#guests.push(id);
    return id;
  }

  #address(service: string): string {
    return `127.0.0.1:${this.ports.get(service)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    ComposeBookstore.#running.delete(this);
    if (this.#guests.length > 0) await docker(['rm', '--force', ...this.#guests]);
    await this.compose('down', '--volumes', '--timeout', '1');
  }
}

export const sharedCompose = new Shared(() => ComposeBookstore.start());
