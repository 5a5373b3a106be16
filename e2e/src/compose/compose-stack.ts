import { randomBytes } from 'node:crypto';
import { freePort } from '@bookstore/sandbox';
import { type CommandResult, outputOf } from '../process/output-of.js';
import { RunningProgram } from '../process/running-program.js';
import { root } from '../root.js';
import type { ContainerFacts } from './container-facts.js';

/** A stack of its own, started and stopped as a user does it, with docker compose. */
export class ComposeStack implements AsyncDisposable {
  private constructor(
    /** Where compose.yaml is. */
    private readonly folder: string,
    /** Compose's name of it. */
    readonly project: string,
    readonly authorPort: number,
    readonly bookPort: number,
    private readonly more: Readonly<Record<string, string>>,
  ) {}

  /**
   * Chooses a name and ports; nothing is started yet.
   *
   * @param more variables, such as COMPOSE_FILE
   */
  static async in(folder: string = root, more: Readonly<Record<string, string>> = {}): Promise<ComposeStack> {
    const project = `bookstore-e2e-${randomBytes(4).toString('hex')}`;
    return new ComposeStack(folder, project, await freePort(), await freePort(), more);
  }

  /**
   * `docker compose` with these arguments.
   *
   * @throws Error with all that it printed, when it fails
   */
  async compose(...args: string[]): Promise<string> {
    const result = await this.#run(args);
    if (result.status === 0) return result.stdout;
    throw new Error(`docker compose ${args.join(' ')}: ${result.stderr}${await this.#logs()}`);
  }

  /** `docker compose` with these arguments, which does not end by itself. */
  start(...args: string[]): RunningProgram {
    return new RunningProgram(['docker', 'compose', ...args], { cwd: this.folder, env: this.env });
  }

  async inspect(service: string): Promise<ContainerFacts> {
    const [container] = await inspectAll(this.project, service);
    if (!container) throw new Error(`there is no container of ${service}`);
    return container;
  }

  /** By which `docker compose` finds it. */
  get env(): Readonly<Record<string, string>> {
    return {
      COMPOSE_PROJECT_NAME: this.project,
      AUTHOR_PORT: String(this.authorPort),
      BOOK_PORT: String(this.bookPort),
      ...this.more,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '1');
  }

  #run(args: readonly string[]): Promise<CommandResult> {
    return outputOf(['docker', 'compose', ...args], { cwd: this.folder, env: this.env });
  }

  async #logs(): Promise<string> {
    return (await this.#run(['logs', '--tail', '20'])).stdout;
  }
}

/** What the engine says of the containers of a project, ended ones too; of one service's, when it is named. */
async function inspectAll(project: string, service?: string): Promise<ContainerFacts[]> {
  const filters = [
    `com.docker.compose.project=${project}`,
    ...(service ? [`com.docker.compose.service=${service}`] : []),
  ];
  const labels = filters.flatMap((filter) => ['--filter', `label=${filter}`]);
  const ids = (await outputOf(['docker', 'ps', '--all', '--quiet', ...labels])).stdout.split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  return JSON.parse((await outputOf(['docker', 'inspect', ...ids])).stdout);
}

/** The same by service, where each has one container. */
export async function containersOf(project: string): Promise<ReadonlyMap<string, ContainerFacts>> {
  return new Map((await inspectAll(project)).map((facts) => [serviceOf(facts), facts]));
}

/** Those of a project's networks that lead nowhere but to each other, by the names that compose.yaml has for them. */
export async function internalNetworks(project: string): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const format = '{{if .Internal}}{{index .Labels "com.docker.compose.network"}}{{end}}';
  const ids = (await outputOf(['docker', 'network', 'ls', '--quiet', '--filter', filter])).stdout.split('\n');
  const { stdout } = await outputOf(['docker', 'network', 'inspect', '--format', format, ...ids.filter(Boolean)]);
  return stdout.split('\n').filter(Boolean).sort();
}

const serviceOf = ({ Config }: ContainerFacts): string => Config.Labels['com.docker.compose.service'] ?? '';
