import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a server is started. */
export interface ServerCommand {
  /** Program and version of Node. */
  readonly node: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All that it finds in its environment, but for PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its gRPC port listens. */
  readonly address: string;
}

/** A server under load, or one that it leans on. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly address: string;

  constructor({ node, args, cwd, env, address }: ServerCommand) {
    this.address = address;
    this.#child = spawn(node, args, {
      cwd,
      // Nothing of this process's own settings: each contender runs as its image would.
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
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

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }
}
