import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { waitUntilServing } from '../health.js';
import { SandboxError } from '../sandbox-error.js';
import { variablesForAnyProgram } from './shell-variables.js';

/** How a service's process is started. */
export interface ServiceProcessOptions {
  readonly name: string;
  readonly publicPort: number;
  /** For the other services. */
  readonly internalPort: number;
  /** Its settings. Of the shell's variables it gets only those for any program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The port for a debugger; none when absent. */
  readonly inspectPort?: number | undefined;
  /** The certificate authority to trust, where its public port has TLS. */
  readonly caFile?: string | undefined;
  /** Gets its log lines; they go to this process's own output when absent. */
  readonly onLog?: ((line: string) => void) | undefined;
}

const require = createRequire(import.meta.url);
/** It does nothing unless the environment says where to send telemetry. */
const TELEMETRY = pathToFileURL(require.resolve('@bookstore/service-kit/telemetry')).href;
const SERVING_TIMEOUT_MS = 30_000;
/** Longer than the service's own limit for draining. */
const STOP_TIMEOUT_MS = 15_000;

/** One service in a process of its own, as an image would run it. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  /** Resolves when the process has ended, with words such as `by SIGKILL`. */
  readonly exited: Promise<string>;
  /** Resolves when the process has sent the message that its ports are open. */
  readonly #listening: Promise<unknown>;
  #ended = false;

  private constructor(readonly options: ServiceProcessOptions) {
    const main = path.join(path.dirname(require.resolve(`@bookstore/${options.name}/package.json`)), 'dist/main.js');
    const output = options.onLog ? 'pipe' : 'inherit';
    this.#child = spawn(
      process.execPath,
      ['--enable-source-maps', '--import', TELEMETRY, ...inspectOption(options.inspectPort), main],
      {
        env: {
          ...variablesForAnyProgram(),
          NODE_ENV: 'production',
          ...options.env,
          LISTEN_HOST: '127.0.0.1',
          PUBLIC_PORT: String(options.publicPort),
          INTERNAL_PORT: String(options.internalPort),
        },
        // By this channel the service says that it listens, and notices the end of this process.
        stdio: ['ignore', output, output, 'ipc'],
      },
    );
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input) createInterface({ input }).on('line', (line) => options.onLog?.(line));
    }
    this.#listening = new Promise((resolve) => this.#child.once('message', resolve));
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended = true;
        resolve(how);
      };
      this.#child.once('exit', (code, signal) => end(signal ? `by ${signal}` : `with status ${code}`));
      // An error without a process is the end. The channel of a killed process may also break with one, before its exit.
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) end(`before it began (${error.message})`);
      });
    });
  }

  /** Starts the process; `serving` waits for it. */
  static spawn(options: ServiceProcessOptions): ServiceProcess {
    return new ServiceProcess(options);
  }

  get address(): string {
    return `127.0.0.1:${this.options.publicPort}`;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get running(): boolean {
    return !this.#ended;
  }

  /**
   * Resolves when this process has opened its ports, and the public one answers SERVING.
   *
   * @throws SandboxError when it ends before, or takes too long; the signal's reason when that is aborted first
   */
  async serving(signal?: AbortSignal): Promise<void> {
    const { name, caFile } = this.options;
    const ended = new AbortController();
    this.exited.then((how) =>
      ended.abort(new SandboxError(`the ${name} ended ${how} before it served; its last lines say why`)),
    );
    const late = new SandboxError(`the ${name} does not serve after ${SERVING_TIMEOUT_MS / 1000} s`);
    const timer = setTimeout(() => ended.abort(late), SERVING_TIMEOUT_MS);
    const either = AbortSignal.any(signal ? [ended.signal, signal] : [ended.signal]);
    try {
      await this.#untilListening(either);
      await waitUntilServing(this.address, SERVING_TIMEOUT_MS, either, caFile);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Before that, another program may answer on its port. */
  #untilListening(signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#listening.then(resolve);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM, waits while it drains, and kills it when that takes too long. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const force = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    this.signal('SIGTERM');
    await this.exited;
    clearTimeout(force);
  }
}

/** On the loopback only: a debugger can run any code in the service. */
function inspectOption(port: number | undefined): string[] {
  return port === undefined ? [] : [`--inspect=127.0.0.1:${port}`];
}
