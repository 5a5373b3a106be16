import type { PostgresServer } from '../postgres/embedded-postgres.js';
import type { ServiceDatabase } from './databases.js';
import { layFoundation } from './foundation.js';
import { serviceOptions } from './service-options.js';
import { type ServiceName, ServiceProcess } from './service-process.js';

/** How the whole bookstore is started without Docker. */
export interface BookstoreOptions {
  /** Keeps the data, and everything else that is made. */
  readonly dataDir: string;
  readonly authorPort: number;
  readonly bookPort: number;
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

/** Both services and their PostgreSQL, on this machine's loopback. */
export interface Bookstore {
  readonly postgres: PostgresServer;
  readonly author: ServiceProcess;
  readonly book: ServiceProcess;
  readonly databases: Readonly<Record<ServiceName, ServiceDatabase>>;
  /** Replaces a service whose process has ended by a new one with the same ports and settings. */
  restart(service: ServiceName): Promise<void>;
  /** Drains the services, then stops PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, prepares both databases, and starts both services; returns once they serve.
 *
 * @throws SandboxError whose one line says what is in the way; nothing is left running then
 */
export async function startBookstore(options: BookstoreOptions): Promise<Bookstore> {
  const foundation = await layFoundation(options);
  const { postgres, databases } = foundation;
  const running: ServiceProcess[] = [];
  const stop = async () => {
    await Promise.all(running.map((service) => service.stop()));
    await postgres.stop();
  };
  try {
    const services = await serviceOptions(foundation, options);
    const spawnService = (name: ServiceName) => {
      const service = ServiceProcess.spawn(services[name]);
      running.push(service);
      return service;
    };
    const bookstore = {
      postgres,
      author: spawnService('author-service'),
      book: spawnService('book-service'),
      databases,
      restart: async (name: ServiceName) => {
        const key = name === 'author-service' ? 'author' : 'book';
        if (bookstore[key].running) throw new Error(`the ${name} still runs`);
        bookstore[key] = spawnService(name);
        await bookstore[key].serving();
      },
      stop,
    };
    await Promise.all([bookstore.author.serving(options.signal), bookstore.book.serving(options.signal)]);
    return bookstore;
  } catch (error) {
    await stop();
    throw error;
  }
}
