import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { root } from '../../../scripts/services.mjs';

/** A program that does not end by itself, as from a terminal of its own. */
export class RunningProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output = new EventEmitter();
  /** How it ended: a status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stdout = '';
  stderr = '';

  /** @param env on top of this process's own */
  constructor(
    [program, ...args]: readonly [string, ...string[]],
    { cwd = root, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
  ) {
    this.#child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      // A process group of its own, as a shell makes one for what it runs.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of ['stdout', 'stderr'] as const) {
      this.#child[output]?.setEncoding('utf8').on('data', (text) => {
        this[output] += text;
        this.#output.emit('text');
      });
    }
    this.ended = once(this.#child, 'close').then(([status, signal]) => status ?? signal);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Waits until it has printed this, for people or as an error. */
  async prints(text: string): Promise<void> {
    const ended = this.ended.then((how) => {
      throw new Error(`it ended (${how}) before it printed "${text}":\n${this.stdout}${this.stderr}`);
    });
    const printed = async () => {
      while (!`${this.stdout}${this.stderr}`.includes(text)) await once(this.#output, 'text');
    };
    await Promise.race([printed(), ended]);
  }

  /** Forgets what it has printed so far. */
  forget(): void {
    this.stdout = '';
    this.stderr = '';
  }

  /** To this process alone, as `kill` does. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** To everything in the foreground of its terminal, as Ctrl-C does. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** The end of a test that may have failed on the way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM');
    await this.ended;
  }
}
