import path from 'node:path';
import { caFile, makeCredentials } from '@bookstore/dev-credentials';
import { services as serviceList, serviceNamed } from '../../../scripts/services.mjs';
import { type PostgresServer, startEmbeddedPostgres } from '../postgres/embedded-postgres.js';
import { prepareDatabase } from './databases.js';
import { announceBookstore } from './running-bookstore.js';
import { serviceOptions } from './service-options.js';
import { ServiceProcess, type ServiceProcessOptions } from './service-process.js';
import { shorten } from './shorten.js';

/** How the whole bookstore is started without Docker. */
export interface BookstoreOptions {
  /** Keeps the data, and everything else that is made. */
  readonly dataDir: string;
  /** Each service's public port by its name; a free one where absent. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Callers need TLS and a token, and the services call each other by mutual TLS. */
  readonly secure?: boolean;
  /** Settings for all services, over the sandbox's own and the shell's. */
  readonly env?: Readonly<Record<string, string>>;
  /** False gives up safety from power cuts for speed: for tests. */
  readonly durable?: boolean;
  /** Gets each step, for people. */
  readonly onStep?: (what: string) => void;
  /** Gets the services' log lines; they go to this process's own output when absent. */
  readonly onLog?: (line: string) => void;
  /** Ends the start when aborted. */
  readonly signal?: AbortSignal;
}

/** The services and their PostgreSQL, on this machine's loopback. */
export interface Bookstore {
  readonly postgres: PostgresServer;
  /** By name: the process that runs now. */
  readonly services: ReadonlyMap<string, ServiceProcess>;
  /** host:port of each service, for clients. In the order of the list of services. */
  readonly addresses: readonly { readonly name: string; readonly address: string }[];
  /** The certificate authority that clients trust, in secure mode. */
  readonly caFile?: string | undefined;
  /** @throws Error when there is no such service */
  service(name: string): ServiceProcess;
  /** Applies new migrations, and replaces a service's process by a new one with the same ports and settings. */
  restart(service: string): Promise<void>;
  /** Drains the services, then stops PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, prepares the databases, and starts the services; returns once they serve. Until it stops, other
 * commands find it by `runningBookstore`.
 *
 * @throws SandboxError with one line; nothing is left running then
 */
export async function startBookstore(options: BookstoreOptions): Promise<Bookstore> {
  const { dataDir, signal } = options;
  const names = serviceList.map(({ name }) => name);
  const step = (what: string) => {
    signal?.throwIfAborted();
    options.onStep?.(what);
  };
  const postgresDir = path.join(dataDir, 'postgres');
  step(`PostgreSQL 18, in ${shorten(postgresDir)}`);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresDir, durable: options.durable ?? true });
  const prepare = async (name: string) => [name, await prepareDatabase(name, postgres.url)];
  const services = new Map<string, ServiceProcess>();
  const start = async (service: ServiceProcessOptions) => {
    const started = new ServiceProcess(service);
    services.set(service.name, started);
    await started.serving(signal);
  };
  let forget = () => {};
  const stop = async () => {
    forget();
    await Promise.all([...services.values()].map((each) => each.stop()));
    await postgres.stop();
  };
  try {
    step('databases and migrations');
    const databases = Object.fromEntries(await Promise.all(names.map(prepare)));
    const certsDir = options.secure ? path.join(dataDir, 'certs') : undefined;
    if (certsDir) {
      step(`certificates and keys, in ${shorten(certsDir)}`);
      await makeCredentials(certsDir, names);
    }
    step(names.join(', '));
    const processes = await serviceOptions(options, databases, certsDir);
    await Promise.all(processes.map(start));

    const addresses = [...services].map(([name, { address }]) => ({ name, address }));
    const ca = certsDir && caFile(certsDir);
    forget = announceBookstore(dataDir, { services: addresses, caFile: ca, postgresPort: postgres.port });
    const service = (name: string) => services.get(serviceNamed(name).name) as ServiceProcess;
    const restart = async (name: string) => {
      await prepare(name);
      await service(name).stop();
      signal?.throwIfAborted();
      await start(service(name).options);
    };
    return { postgres, services, addresses, caFile: ca, service, restart, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
