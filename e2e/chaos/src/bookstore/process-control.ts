import { readdir } from 'node:fs/promises';
import { ServiceProcess, until } from '@bookstore/sandbox';
import type { Memory, Replica, ServiceName } from './chaos-bookstore.js';

export interface ProcessControlOptions {
  readonly name: ServiceName;
  readonly publicPort: number;
  readonly internalPort: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
}

/** From the compiled file as from its source. */
const PROBE = new URL('../../src/bookstore/memory-probe.mjs', import.meta.url).href;
const SAID_WITHIN_MS = 10_000;

/** A service as a child process. */
export class ProcessControl implements Replica {
  #process: ServiceProcess | undefined;
  #memory: Memory | undefined;

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
    this.#process = ServiceProcess.spawn({
      ...this.options,
      env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${PROBE}`, ...this.options.env, ...env },
      onLog: (line) => {
        if (line.startsWith('{"memory":')) this.#memory = JSON.parse(line).memory;
        else this.options.onLog(line);
      },
    });
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

  async memory(): Promise<Memory> {
    this.#memory = undefined;
    this.#signal('SIGUSR2');
    return until("the service's memory", SAID_WITHIN_MS, () => this.#memory);
  }

  async openFiles(): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    return (await readdir(`/proc/${this.#process?.pid}/fd`)).length;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.running) this.#process?.signal(signal);
  }
}
