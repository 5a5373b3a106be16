import type { PostgresServer } from '../postgres/embedded-postgres.js';
import type { ServiceDatabase } from './databases.js';
import { layFoundation } from './foundation.js';
import { serviceOptions } from './service-options.js';
import { ServiceProcess, type ServiceProcessOptions } from './service-process.js';

/** How the whole bookstore is started without Docker. */
export interface BookstoreOptions {
  /** Keeps the data, and everything else that is made. */
  readonly dataDir: string;
  /** Each service's public port by its name; a free one where absent. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Callers need a token and TLS, the services' own calls mutual TLS; what that takes is made in `certs`. */
  readonly secure?: boolean;
  /** Settings for both services, over the sandbox's own and the shell's. */
  readonly env?: Readonly<Record<string, string>>;
  /** False gives up safety from power cuts for speed: for tests. */
  readonly durable?: boolean;
  /** Told of each step, for people. */
  readonly onStep?: (what: string) => void;
  /** Where the services' log lines go; to this process's own output when absent. */
  readonly onLog?: (line: string) => void;
  /** Aborted when nobody wants the bookstore any more before it is there. */
  readonly signal?: AbortSignal;
}

/** The services and their PostgreSQL, on this machine's loopback. */
export interface Bookstore {
  readonly postgres: PostgresServer;
  /** By name: the process that runs now. */
  readonly services: ReadonlyMap<string, ServiceProcess>;
  readonly databases: ReadonlyMap<string, ServiceDatabase>;
  /** @throws Error when there is no such service */
  service(name: string): ServiceProcess;
  /** Replaces a service whose process has ended by a new one with the same ports and settings. */
  restart(service: string): Promise<void>;
  /** Drains the services, then stops PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, prepares the databases, and starts the services; returns once they serve.
 *
 * @throws SandboxError whose one line says what is in the way; nothing is left running then
 */
export async function startBookstore(options: BookstoreOptions): Promise<Bookstore> {
  const foundation = await layFoundation(options);
  const { postgres, databases } = foundation;
  const running: ServiceProcess[] = [];
  const services = new Map<string, ServiceProcess>();
  const stop = async () => {
    await Promise.all(running.map((service) => service.stop()));
    await postgres.stop();
  };
  try {
    const processes = await serviceOptions(foundation, options);
    const spawnService = (name: string) => {
      const service = ServiceProcess.spawn(processes.find((each) => each.name === name) as ServiceProcessOptions);
      running.push(service);
      services.set(name, service);
      return service;
    };
    const service = (name: string) => {
      const found = services.get(name);
      if (!found) throw new Error(`no service is called ${name}`);
      return found;
    };
    const restart = async (name: string) => {
      if (service(name).running) throw new Error(`the ${name} still runs`);
      await spawnService(name).serving();
    };
    for (const { name } of processes) spawnService(name);
    await Promise.all(running.map((each) => each.serving(options.signal)));
    return { postgres, services, databases, service, restart, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
