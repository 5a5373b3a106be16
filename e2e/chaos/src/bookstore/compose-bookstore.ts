import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { freePort, runProgram, waitUntilServing } from '@bookstore/sandbox';
import { serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import { Bookstore, type Breakable, lender } from './bookstore.js';

export const SERVES_WITHIN_MS = 60_000;

/** The path is the same from the source and from the compiled file. */
const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** @throws Error with what docker printed to stderr */
export async function docker(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, stdout, stderr } = await runProgram('docker', args, { cwd: root, env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

const databaseContainer = (service: string) => `${serviceNamed(service).shortName}-db`;
const databaseOwner = (service: string) => `${serviceNamed(service).shortName}_migrator`;

/** The repository's compose.yaml, with a project name and ports of its own. */
export class ComposeBookstore extends Bookstore {
  readonly #project = `bookstore-chaos-${randomBytes(4).toString('hex')}`;
  readonly #ports = new Map<string, number>();

  readonly databases = this.#breakable(
    services.map(({ name }) => databaseContainer(name)),
    async () => {
      for (const { name } of services) {
        const untilReady = `until pg_isready -q -h 127.0.0.1 -U ${databaseOwner(name)}; do sleep 0.05; done`;
        await this.compose('exec', '-T', databaseContainer(name), 'timeout', '60', 'sh', '-c', untilReady);
      }
    },
  );

  private constructor(private readonly files: readonly string[]) {
    super();
  }

  /**
   * Builds the images, and returns once everything is healthy.
   *
   * @param files compose files on top of compose.yaml
   */
  static async start(files: readonly string[] = []): Promise<ComposeBookstore> {
    const bookstore = new ComposeBookstore(files);
    for (const { name } of services) bookstore.#ports.set(name, await freePort());
    bookstore.atTheEnd(() => bookstore.compose('down', '--volumes', '--timeout', '1'));
    return bookstore.started(bookstore.compose('up', '--build', '--wait'));
  }

  get addresses(): Addresses {
    return { author: this.#address('author-service'), book: this.#address('book-service') };
  }

  service(name: string): Breakable {
    return this.#breakable([name], () => waitUntilServing(this.#address(name), SERVES_WITHIN_MS));
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
    const ports = services.map(({ name, portVariable }) => [portVariable, String(this.#ports.get(name))]);
    return docker(['compose', ...args], {
      COMPOSE_PROJECT_NAME: this.#project,
      COMPOSE_FILE: ['compose.yaml', ...this.files].join(':'),
      COMPOSE_PATH_SEPARATOR: ':',
      ...Object.fromEntries(ports),
    });
  }

  /** Runs a program in a container of its own, with the author service's image and networks, and returns its name. */
  async run(options: readonly string[], program: readonly string[]): Promise<string> {
    const printed = await this.compose('run', '--detach', '--no-deps', ...options, 'author-service', ...program);
    const name = printed.trim();
    // `docker compose down` leaves it.
    this.atTheEnd(() => docker(['rm', '--force', name]));
    return name;
  }

  #breakable(containers: readonly string[], untilServing: () => Promise<void>): Breakable {
    return {
      kill: async () => {
        await this.compose('kill', '--signal', 'SIGKILL', ...containers);
        // Fails when they have ended already.
        await this.compose('wait', ...containers).catch(() => {});
      },
      start: async () => {
        await this.compose('start', ...containers);
        await untilServing();
      },
      freeze: async () => void (await this.compose('pause', ...containers)),
      thaw: async () => void (await this.compose('unpause', ...containers)),
    };
  }

  #address(service: string): string {
    return `127.0.0.1:${this.#ports.get(service)}`;
  }
}

export const lendCompose = lender(() => ComposeBookstore.start());
