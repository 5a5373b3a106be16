import { randomBytes } from 'node:crypto';
import { freePort, runProgram } from '@bookstore/sandbox';
import { root, serviceNamed, services } from '../../../../scripts/services.mjs';

type Variables = Readonly<Record<string, string>>;

/** @throws Error with what docker printed to stderr */
export async function docker(args: readonly string[], options: Parameters<typeof runProgram>[2] = {}): Promise<string> {
  const { status, stdout, stderr } = await runProgram('docker', args, options);
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Containers of its own, started and stopped as a user does it, with docker compose. */
export class ComposeStack implements AsyncDisposable {
  private constructor(
    /** Where compose.yaml is. */
    readonly cwd: string,
    /** By which `docker compose` finds it. */
    readonly env: Variables,
  ) {}

  /**
   * Chooses a name and ports; nothing is started yet.
   *
   * @param more variables, such as COMPOSE_FILE
   */
  static async in(cwd: string = root, more: Variables = {}): Promise<ComposeStack> {
    const project = `bookstore-e2e-${randomBytes(4).toString('hex')}`;
    const ports = services.map(async ({ portVariable }) => [portVariable, String(await freePort())]);
    const env = { COMPOSE_PROJECT_NAME: project, ...Object.fromEntries(await Promise.all(ports)), ...more };
    return new ComposeStack(cwd, env);
  }

  get project(): string {
    return this.env.COMPOSE_PROJECT_NAME as string;
  }

  get authorAddress(): string {
    return this.address('author-service');
  }

  get bookAddress(): string {
    return this.address('book-service');
  }

  /** host:port of a service. */
  address(service: string): string {
    return `127.0.0.1:${this.env[serviceNamed(service).portVariable]}`;
  }

  /**
   * `docker compose` with these arguments.
   *
   * @throws Error with what it printed to stderr, and the ends of the logs
   */
  async compose(...args: string[]): Promise<string> {
    try {
      return await this.#compose(args);
    } catch (error) {
      const logs = await this.#compose(['logs', '--tail', '20']).catch(() => '');
      throw new Error(`${(error as Error).message}${logs}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '1');
  }

  #compose(args: readonly string[]): Promise<string> {
    return docker(['compose', ...args], { cwd: this.cwd, env: { ...process.env, ...this.env } });
  }
}
