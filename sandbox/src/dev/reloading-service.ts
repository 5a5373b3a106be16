import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bookstore/ports.js';
import { ServiceProcess, type ServiceProcessOptions } from '../bookstore/service-process.js';
import { Forwarder } from './forwarder.js';

const WAIT_TO_BEGIN = fileURLToPath(new URL('wait-to-begin.js', import.meta.url));
/** What npm writes whenever it has installed something. */
const INSTALLED = new URL('../../../node_modules/.package-lock.json', import.meta.url);

/**
 * A service whose process is replaced while its ports stay: the new one serves before calls go to it and the old one
 * drains, so that no call is lost, and code that does not start replaces nothing. One that has been prepared has its
 * packages loaded, which is most of a start.
 */
export class ReloadingService {
  readonly #ending = new Set<Promise<void>>();
  #current: ServiceProcess | undefined;
  #waiting: { readonly service: ServiceProcess; readonly packages: number | undefined } | undefined;

  private constructor(
    private readonly options: ServiceProcessOptions,
    private readonly publicPort: Forwarder,
    private readonly internalPort: Forwarder,
    private readonly inspectPort: Forwarder | undefined,
  ) {}

  /**
   * Opens the service's ports; nothing serves on them yet.
   *
   * @param host address to open them on; the service itself listens on loopback only
   */
  static async open(options: ServiceProcessOptions, host: string): Promise<ReloadingService> {
    return new ReloadingService(
      options,
      await Forwarder.open(options.publicPort, host),
      await Forwarder.open(options.internalPort, host),
      options.inspectPort === undefined ? undefined : await Forwarder.open(options.inspectPort, host),
    );
  }

  get name() {
    return this.options.name;
  }

  /**
   * Has a process begin with the code as it is compiled now; once it serves, calls go there.
   *
   * @param onDied told when that process ends while it should serve
   * @throws SandboxError when it does not come to serve; `signal`'s reason when that is aborted first. The process
   * before it serves on then.
   */
  async replace(signal: AbortSignal, onDied: (how: string) => void): Promise<void> {
    const next = await this.#takeWaiting();
    const ports = { publicPort: await freePort(), internalPort: await freePort() };
    next.begin(ports);
    try {
      await next.serving(signal);
    } catch (error) {
      this.#end(next);
      throw error;
    }
    this.publicPort.leadTo(ports.publicPort);
    this.internalPort.leadTo(ports.internalPort);
    const { inspectPort } = next.options;
    if (inspectPort !== undefined) this.inspectPort?.leadTo(inspectPort);
    // A process does not end while a debugger is attached to it.
    this.inspectPort?.cut();
    const old = this.#current;
    this.#current = next;
    next.exited.then((how) => {
      if (this.#current === next) onDied(how);
    });
    if (old) this.#end(old);
  }

  /** Has a process wait for what is replaced next. It loads packages, so that this is for when nothing else starts. */
  async prepare(): Promise<void> {
    this.#waiting ??= await this.#spawn();
  }

  /** Drains what runs, and closes the ports. */
  async stop(): Promise<void> {
    const running = [this.#current, this.#waiting?.service];
    this.#current = this.#waiting = undefined;
    for (const service of running) if (service) this.#end(service);
    await Promise.all(this.#ending);
    await Promise.all([this.publicPort, this.internalPort, this.inspectPort].map((port) => port?.close()));
  }

  /** The process that waits, unless it has ended or other packages have been installed since; then a new one. */
  async #takeWaiting(): Promise<ServiceProcess> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting?.service.running && waiting.packages === installedAt()) return waiting.service;
    if (waiting) this.#end(waiting.service);
    return (await this.#spawn()).service;
  }

  async #spawn() {
    const inspectPort = this.inspectPort && (await freePort());
    const packages = installedAt();
    return { service: ServiceProcess.spawn({ ...this.options, inspectPort, prelude: WAIT_TO_BEGIN }), packages };
  }

  #end(service: ServiceProcess): void {
    const ending = service.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

function installedAt(): number | undefined {
  return statSync(INSTALLED, { throwIfNoEntry: false })?.mtimeMs;
}
