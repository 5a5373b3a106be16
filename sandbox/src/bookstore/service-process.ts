import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { HealthClient } from '../health.js';
import { SandboxError } from '../sandbox-error.js';
import { until } from '../until.js';
import { shellVariables } from './shell-variables.js';

/** How a service's process is started. */
export interface ServiceProcessOptions {
  readonly name: string;
  readonly publicPort: number;
  /** For the other services. */
  readonly internalPort: number;
  /** Its settings, over the shell's. */
  readonly env: Readonly<Record<string, string>>;
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
/** A machine may be busy, or slow at a first start. */
const SERVING_TIMEOUT_MS = 90_000;
/** Longer than the service's own limit for draining. */
const STOP_TIMEOUT_MS = 15_000;

/** One service in a process of its own, as an image would run it. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  /** Resolves when the process has ended, with words such as `by SIGKILL`. */
  readonly exited: Promise<string>;
  #isListening = false;

  /** Starts the process; `serving` waits for it. */
  constructor(readonly options: ServiceProcessOptions) {
    const { name, publicPort, internalPort, inspectPort, env, onLog } = options;
    const main = path.join(path.dirname(require.resolve(`@bookstore/${name}/package.json`)), 'dist/main.js');
    // On the loopback only: a debugger can run any code in the service.
    const inspect = inspectPort === undefined ? [] : ['--enable-source-maps', `--inspect=127.0.0.1:${inspectPort}`];
    const output = onLog ? 'pipe' : 'inherit';
    this.#child = spawn(process.execPath, ['--import', TELEMETRY, ...inspect, main], {
      env: {
        ...shellVariables(env),
        NODE_ENV: 'production',
        ...env,
        LISTEN_HOST: '127.0.0.1',
        PUBLIC_PORT: String(publicPort),
        INTERNAL_PORT: String(internalPort),
      },
      // By this channel the service says that it listens, and notices the end of this process.
      stdio: ['ignore', output, output, 'ipc'],
    });
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input) createInterface({ input }).on('line', (line) => onLog?.(line));
    }
    this.#child.once('message', () => {
      this.#isListening = true;
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ? `by ${signal}` : `with status ${code}`));
      // Without a process id the start has failed. Otherwise the channel of a killed process broke, and its exit follows.
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) resolve(`before it began (${error.message})`);
      });
    });
  }

  /** host:port, for clients. */
  get address(): string {
    // Node warns about a TLS server name that is a number.
    return `${this.options.caFile ? 'localhost' : '127.0.0.1'}:${this.options.publicPort}`;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /**
   * Resolves when this process has opened its ports, and the public one answers SERVING.
   *
   * @throws SandboxError when it ends before, or takes too long; the signal's reason when that is aborted first
   */
  async serving(signal?: AbortSignal): Promise<void> {
    const { name, caFile } = this.options;
    using health = new HealthClient(this.address, caFile);
    await until(`the ${name} serves`, SERVING_TIMEOUT_MS, async () => {
      signal?.throwIfAborted();
      if (!this.running) {
        throw new SandboxError(`the ${name} ended ${await this.exited} before it served; its last lines say why`);
      }
      // Before it listens, another program may answer on its port.
      return this.#isListening && (await health.check('', 1_000)) === 'SERVING';
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM, waits while it drains, and kills it when that takes too long. */
  async stop(): Promise<void> {
    const force = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    this.signal('SIGTERM');
    await this.exited;
    clearTimeout(force);
  }
}
