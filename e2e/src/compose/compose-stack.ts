import { randomBytes } from 'node:crypto';
import type { ProgramResult } from '@bookstore/sandbox';
import { root } from '../../../scripts/services.mjs';
import { outputOf } from '../process/output-of.js';
import { RunningProgram } from '../process/running-program.js';
import { newPorts } from '../start/new-place.js';
import { type ContainerFacts, inspectAll } from './containers.js';

/** A stack of its own, started and stopped as a user does it, with docker compose. */
export class ComposeStack implements AsyncDisposable {
  private constructor(
    /** Where compose.yaml is. */
    private readonly folder: string,
    /** Compose's name of it. */
    readonly project: string,
    /** host:port of the author service. */
    readonly authorAddress: string,
    readonly bookAddress: string,
    /** By which `docker compose` finds it. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /**
   * Chooses a name and ports; nothing is started yet.
   *
   * @param more variables, such as COMPOSE_FILE
   */
  static async in(folder: string = root, more: Readonly<Record<string, string>> = {}): Promise<ComposeStack> {
    const project = `bookstore-e2e-${randomBytes(4).toString('hex')}`;
    const { authorPort, bookPort, otherPorts } = await newPorts();
    return new ComposeStack(folder, project, `127.0.0.1:${authorPort}`, `127.0.0.1:${bookPort}`, {
      COMPOSE_PROJECT_NAME: project,
      AUTHOR_PORT: String(authorPort),
      BOOK_PORT: String(bookPort),
      ...otherPorts,
      ...more,
    });
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '1');
  }

  #run(args: readonly string[]): Promise<ProgramResult> {
    return outputOf(['docker', 'compose', ...args], { cwd: this.folder, env: this.env });
  }

  async #logs(): Promise<string> {
    return (await this.#run(['logs', '--tail', '20'])).stdout;
  }
}
