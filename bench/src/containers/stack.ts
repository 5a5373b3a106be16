import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';

/** The bookstore in Docker Compose, from a copy of the work tree, with images, names and ports of its own. */
export class Stack implements AsyncDisposable {
  private constructor(
    private readonly copy: WorkTreeCopy,
    readonly id: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /**
   * Builds the images; nothing is started yet.
   *
   * @param files compose files on top of compose.yaml
   * @throws Error when no Docker Engine answers, or it does not build
   */
  static async build(files: readonly string[] = []): Promise<Stack> {
    await docker(['info']);
    const copy = await WorkTreeCopy.make();
    const id = `bookstore-bench-${randomBytes(4).toString('hex')}`;
    const stack = new Stack(copy, id, {
      COMPOSE_PROJECT_NAME: id,
      COMPOSE_FILE: ['compose.yaml', ...files].join(path.delimiter),
      IMAGE_PREFIX: 'bookstore',
      IMAGE_TAG: id,
      AUTHOR_PORT: String(await freePort()),
      BOOK_PORT: String(await freePort()),
    });
    try {
      await stack.compose('build');
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get folder(): string {
    return this.copy.folder;
  }

  image(service: string): string {
    return `bookstore/${service}:${this.id}`;
  }

  /** `docker compose` with these arguments; what it printed. */
  compose(...args: string[]): Promise<string> {
    return docker(['compose', ...args], { cwd: this.folder, env: { ...process.env, ...this.env } });
  }

  /**
   * `docker compose` with these arguments, line by line.
   *
   * @throws Error with what it said, when it fails
   */
  async *follow(args: readonly string[], env: Readonly<Record<string, string>>): AsyncGenerator<string> {
    const child = spawn('docker', ['compose', ...args], {
      cwd: this.folder,
      env: { ...process.env, ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complained = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complained += text;
    });
    const closed = once(child, 'close');
    yield* createInterface(child.stdout);
    const [status] = await closed;
    if (status !== 0) throw new Error(`docker compose ${args.join(' ')}: ${complained.slice(-2000)}`);
  }

  /** Ids of a service's containers that run; of all services', without one. */
  async containers(...service: string[]): Promise<string[]> {
    return lines(await this.compose('ps', '--quiet', ...service));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose(
      '--profile',
      '*',
      'down',
      '--volumes',
      '--remove-orphans',
      '--timeout',
      '1',
      '--rmi',
      'local',
    ).catch(() => {});
    await docker(['image', 'rm', this.image('author-service'), this.image('book-service')]).catch(() => {});
    await this.copy[Symbol.asyncDispose]();
  }
}

/** @throws Error with what it said, when it fails */
export async function docker(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn('docker', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complained += text;
  });
  const [status] = await once(child, 'close').catch(() => {
    throw new Error('there is no docker on PATH');
  });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${complained.slice(-2000)}`);
  return said;
}

export const lines = (text: string): string[] => text.split('\n').filter(Boolean);
