import { freePort } from '../bookstore/ports.js';
import { ServiceProcess, type ServiceProcessOptions } from '../bookstore/service-process.js';
import { Forwarder } from './forwarder.js';

/**
 * A service whose process is replaced while its ports stay: the new one serves before calls go to it and the old one
 * drains, so that no call is lost, and code that does not start replaces nothing.
 */
export class ReloadingService {
  readonly #ending = new Set<Promise<void>>();
  #current: ServiceProcess | undefined;

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
   * Starts a process of the code as it is compiled now; once it serves, calls go there.
   *
   * @param onDied told when that process ends while it should serve
   * @throws SandboxError when it does not come to serve; `signal`'s reason when that is aborted first. The process
   * before it serves on then.
   */
  async replace(signal: AbortSignal, onDied: (how: string) => void): Promise<void> {
    const ports = { publicPort: await freePort(), internalPort: await freePort() };
    const inspectPort = this.inspectPort && (await freePort());
    const next = ServiceProcess.spawn({ ...this.options, ...ports, inspectPort });
    try {
      await next.serving(signal);
    } catch (error) {
      this.#end(next);
      throw error;
    }
    this.publicPort.leadTo(ports.publicPort);
    this.internalPort.leadTo(ports.internalPort);
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

  /** Drains what runs, and closes the ports. */
  async stop(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current) this.#end(current);
    await Promise.all(this.#ending);
    await Promise.all([this.publicPort, this.internalPort, this.inspectPort].map((port) => port?.close()));
  }

  #end(service: ServiceProcess): void {
    const ending = service.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
