import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type ServiceName, ServiceProcess } from '@bookstore/sandbox';
import type { Replica } from './chaos-bookstore.js';

export interface ProcessControlOptions {
  readonly name: ServiceName;
  readonly publicPort: number;
  readonly internalPort: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
}

const run = promisify(execFile);

/** A service as a child process. */
export class ProcessControl implements Replica {
  #process: ServiceProcess | undefined;

  constructor(private readonly options: ProcessControlOptions) {}

  get publicPort(): number {
    return this.options.publicPort;
  }

  get internalPort(): number {
    return this.options.internalPort;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.running) throw new Error(`the ${this.options.name} still runs`);
    this.#process = ServiceProcess.spawn({ ...this.options, env: { ...this.options.env, ...env } });
    await this.#process.serving();
  }

  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#process?.exited;
  }

  async stop(): Promise<void> {
    // A frozen process would not hear of it.
    this.#signal('SIGCONT');
    await this.#process?.stop();
  }

  async freeze(): Promise<void> {
    this.#signal('SIGSTOP');
  }

  async thaw(): Promise<void> {
    this.#signal('SIGCONT');
  }

  async ended(): Promise<number> {
    const how = await this.#process?.exited;
    return Number(/status (\d+)/.exec(how ?? '')?.[1] ?? -1);
  }

  async memory(): Promise<number> {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(this.#process?.pid)]);
    return Number(stdout.trim()) * 1024;
  }

  async openFiles(): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    return (await readdir(`/proc/${this.#process?.pid}/fd`)).length;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.running) this.#process?.signal(signal);
  }
}
