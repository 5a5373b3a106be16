import path from 'node:path';
import { caFile, makeCredentials } from '@bookstore/dev-credentials';
import { services as serviceList } from '../../../scripts/services.mjs';
import { type PostgresServer, startEmbeddedPostgres } from '../postgres/embedded-postgres.js';
import { prepareDatabase, type ServiceDatabase } from './databases.js';
import { announceBookstore } from './running-bookstore.js';
import { serviceOptions } from './service-options.js';
import { ServiceProcess } from './service-process.js';
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
  readonly databases: ReadonlyMap<string, ServiceDatabase>;
  /** host:port of each service, for clients. In the order of the list of services. */
  readonly addresses: readonly { readonly name: string; readonly address: string }[];
  /** The certificate authority that clients trust, in secure mode. */
  readonly caFile?: string | undefined;
  /** @throws Error when there is no such service */
  service(name: string): ServiceProcess;
  /** Replaces a service whose process has ended by a new one with the same ports and settings. */
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
  const { dataDir } = options;
  const step = (what: string) => {
    options.signal?.throwIfAborted();
    options.onStep?.(what);
  };
  const postgresDir = path.join(dataDir, 'postgres');
  step(`PostgreSQL 18, in ${shorten(postgresDir)}`);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresDir, durable: options.durable ?? true });
  const services = new Map<string, ServiceProcess>();
  let forget = () => {};
  const stop = async () => {
    forget();
    await Promise.all([...services.values()].map((each) => each.stop()));
    await postgres.stop();
  };
  try {
    step('databases and migrations');
    const databases = await prepareDatabases(postgres, dataDir);
    const certsDir = options.secure ? path.join(dataDir, 'certs') : undefined;
    if (certsDir) {
      step(`certificates and keys, in ${shorten(certsDir)}`);
      const names = serviceList.map(({ name }) => name);
      await makeCredentials(certsDir, names);
    }
    step(serviceList.map(({ name }) => name).join(', '));
    const processes = await serviceOptions({ databases, certsDir }, options);
    for (const each of processes) services.set(each.name, ServiceProcess.spawn(each));
    await Promise.all([...services.values()].map((each) => each.serving(options.signal)));

    const ca = certsDir && caFile(certsDir);
    // Node warns about a TLS server name that is a number.
    const address = (each: ServiceProcess) => (ca ? each.address.replace('127.0.0.1', 'localhost') : each.address);
    const addresses = [...services].map(([name, each]) => ({ name, address: address(each) }));
    forget = announceBookstore(dataDir, { services: addresses, caFile: ca, postgresPort: postgres.port });
    const service = (name: string) => {
      const found = services.get(name);
      if (!found) throw new Error(`no service is called ${name}`);
      return found;
    };
    const restart = async (name: string) => {
      const ended = service(name);
      if (ended.running) throw new Error(`the ${name} still runs`);
      const next = ServiceProcess.spawn(ended.options);
      services.set(name, next);
      await next.serving();
    };
    return { postgres, services, databases, addresses, caFile: ca, service, restart, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepareDatabases(
  { url }: PostgresServer,
  dataDir: string,
): Promise<ReadonlyMap<string, ServiceDatabase>> {
  const secretsFile = path.join(dataDir, 'secrets.json');
  const prepare = async (name: string) => [name, await prepareDatabase(name, url, secretsFile)] as const;
  return new Map(await Promise.all(serviceList.map(({ name }) => prepare(name))));
}
