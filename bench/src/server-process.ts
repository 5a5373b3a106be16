import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A server under load, or one that it leans on. */
export class ServerProcess {
  readonly #child: ChildProcess;

  /**
   * @param main file to run with this Node
   * @param address where its gRPC port listens
   * @param nodeOptions such as --cpu-prof
   */
  constructor(
    main: string,
    env: Record<string, string>,
    readonly address: string,
    nodeOptions: readonly string[] = [],
  ) {
    this.#child = spawn(process.execPath, [...nodeOptions, main], {
      env: { ...process.env, NODE_ENV: 'production', ...env },
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
    this.#child.disconnect();
    await ended;
  }
}
