import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { whenThisProcessIsGone } from '@bookstore/sandbox';
import { imageOptions } from './image-command.js';

/** How a server is started. */
export interface ServerCommand {
  /** Program and version of Node. */
  readonly node: string;
  readonly args: readonly string[];
  /** The repository, whose Dockerfiles say how Node runs. */
  readonly cwd: string;
  /** All that it finds in its environment, but for PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its gRPC port listens. */
  readonly address: string;
}

/** Windows has no such signals. */
const MAY_PAUSE = process.platform !== 'win32';

/** A server under load, or one that it leans on. */
export class ServerProcess {
  readonly #child: ChildProcess;
  #paused = false;
  #release: (() => void) | undefined;
  readonly address: string;

  constructor({ node, args, cwd, env, address }: ServerCommand) {
    this.address = address;
    this.#child = spawn(node, args, {
      cwd,
      // Nothing of this process's own settings: each contender runs as it would in the image of a service.
      env: { PATH: process.env.PATH, NODE_ENV: 'production', NODE_OPTIONS: imageOptions(cwd), ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    // A channel that breaks is followed by the exit, which is what is listened for.
    this.#child.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Resolves with the first message that the process sends. */
  async message(): Promise<void> {
    await Promise.race([
      once(this.#child, 'message'),
      once(this.#child, 'exit').then(([status]) => {
        throw new Error(`a server ended with status ${status} before it listened`);
      }),
    ]);
  }

  /** Nothing of it runs until `resume`, not even what a server does for itself when nobody calls it. */
  pause(): void {
    if (!MAY_PAUSE) return;
    // Else it would not notice when there is nobody left to have it go on.
    this.#release ??= whenThisProcessIsGone('bench-leash', 'kill -CONT "$1"', String(this.pid));
    this.#paused = this.#child.kill('SIGSTOP');
  }

  /** @returns whether it was paused */
  resume(): boolean {
    const paused = this.#paused;
    if (paused) this.#child.kill('SIGCONT');
    this.#paused = false;
    return paused;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.resume();
    this.#child.kill('SIGTERM');
    if (this.#child.connected) this.#child.disconnect();
    await ended;
    this.#release?.();
  }
}
