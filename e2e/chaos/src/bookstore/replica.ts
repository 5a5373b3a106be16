import { ServiceProcess, until } from '@bookstore/sandbox';
import type { TcpProxy } from '@bookstore/sandbox/testing';
import type { Breakable } from './bookstore.js';
import type { Memory } from './memory.js';

export type Environment = Readonly<Record<string, string>>;

/** The path is the same from the source and from the compiled file. */
const PROBE = new URL('../../src/bookstore/memory-probe.mjs', import.meta.url).href;
const MEMORY_LIMIT_MS = 10_000;

/** A process of a service. */
export class Replica implements Breakable {
  /** The one that was started last. */
  process: ServiceProcess | undefined;
  env: Environment = {};
  #memory: Memory | undefined;

  constructor(
    readonly ports: { readonly name: string; readonly publicPort: number; readonly internalPort: number },
    /**
     * In front of its ports. The other services use the internal one, clients the public one where a scenario says so.
     */
    readonly proxies: { readonly public: TcpProxy; readonly internal: TcpProxy },
  ) {}

  /** Of the public port. */
  get address(): string {
    return `127.0.0.1:${this.ports.publicPort}`;
  }

  /** @param more variables for this start alone */
  async start(more: Environment = {}): Promise<void> {
    const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --expose-gc --import=${PROBE}`;
    this.process = new ServiceProcess({
      ...this.ports,
      env: { NODE_OPTIONS: nodeOptions, ...this.env, ...more },
      onLog: (line) => {
        if (line.startsWith('{"memory":')) this.#memory = JSON.parse(line).memory;
        // Other lines than those of the log say why a process ends.
        else if (!line.startsWith('{')) console.log(line);
      },
    });
    await this.process.serving();
  }

  async kill(): Promise<void> {
    this.process?.signal('SIGKILL');
    await this.process?.exited;
  }

  async freeze(): Promise<void> {
    this.process?.signal('SIGSTOP');
  }

  async thaw(): Promise<void> {
    this.process?.signal('SIGCONT');
  }

  async memory(): Promise<Memory> {
    this.#memory = undefined;
    this.process?.signal('SIGUSR2');
    return until("the service's memory", MEMORY_LIMIT_MS, () => this.#memory);
  }
}
