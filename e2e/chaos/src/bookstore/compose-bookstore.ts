import { waitUntilServing } from '@bookstore/sandbox';
import { root, serviceNamed, services } from '../../../../scripts/services.mjs';
import type { Addresses } from '../client.js';
import type { Run } from '../scenario.js';
import { Bookstore, type Breakable, type Play, playOn } from './bookstore.js';
import { ComposeStack, docker } from './compose-stack.js';

export const SERVES_WITHIN_MS = 120_000;

const databaseContainer = (service: string) => `${serviceNamed(service).shortName}-db`;
const databaseOwner = (service: string) => `${serviceNamed(service).shortName}_migrator`;

/** The repository's compose.yaml. */
export class ComposeBookstore extends Bookstore {
  /** Containers that `docker compose down` leaves. */
  readonly #programs: string[] = [];

  readonly databases = this.#breakable(
    services.map(({ name }) => databaseContainer(name)),
    async () => {
      for (const { name } of services) {
        const untilReady = `until pg_isready -q -h 127.0.0.1 -U ${databaseOwner(name)}; do sleep 0.05; done`;
        await this.stack.compose('exec', '-T', databaseContainer(name), 'timeout', '60', 'sh', '-c', untilReady);
      }
    },
  );

  constructor(readonly stack: ComposeStack) {
    super();
  }

  get addresses(): Addresses {
    return { author: this.stack.authorAddress, book: this.stack.bookAddress };
  }

  service(name: string): Breakable {
    return this.#breakable([name], () => waitUntilServing(this.stack.address(name), SERVES_WITHIN_MS));
  }

  async isRunning(): Promise<boolean> {
    const running = (await this.stack.compose('ps', '--status', 'running', '--services')).split('\n');
    return services.every(({ name }) => running.includes(name));
  }

  async query<T>(service: string, sql: string): Promise<T[]> {
    const asJson = `SELECT coalesce(json_agg(row), '[]') FROM (${sql}) row`;
    const login = ['--username', databaseOwner(service), '--dbname', serviceNamed(service).database];
    const psql = ['psql', ...login, '--no-align', '--tuples-only', '--command', asJson];
    return JSON.parse(await this.stack.compose('exec', '-T', databaseContainer(service), ...psql));
  }

  /** Builds the images first. */
  async start(): Promise<void> {
    await this.stack.compose('up', '--build', '--wait');
  }

  /** Runs a program in a container of its own, with the author service's image and networks, and returns its name. */
  async run(options: readonly string[], program: readonly string[]): Promise<string> {
    const command = ['run', '--detach', '--no-deps', ...options, 'author-service', ...program];
    const name = (await this.stack.compose(...command)).trim();
    this.#programs.push(name);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#programs) await docker(['rm', '--force', name]);
    await this.stack[Symbol.asyncDispose]();
  }

  #breakable(containers: readonly string[], untilServing: () => Promise<void>): Breakable {
    return {
      kill: async () => {
        await this.stack.compose('kill', '--signal', 'SIGKILL', ...containers);
        // Fails when they have ended already.
        await this.stack.compose('wait', ...containers).catch(() => {});
      },
      start: async () => {
        await this.stack.compose('start', ...containers);
        await untilServing();
      },
      freeze: async () => void (await this.stack.compose('pause', ...containers)),
      thaw: async () => void (await this.stack.compose('unpause', ...containers)),
    };
  }
}

/** A scenario on containers, of these files on top of compose.yaml. */
export const onContainers = (files: readonly string[], play: Play<ComposeBookstore>) => async (run: Run) => {
  const COMPOSE_FILE = ['compose.yaml', ...files].join(':');
  const stack = await ComposeStack.in(root, { COMPOSE_FILE, COMPOSE_PATH_SEPARATOR: ':' });
  return playOn(new ComposeBookstore(stack), run, play);
};
