import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { caFile, makeCredentials } from '@bookstore/dev-credentials';
import { type PostgresServer, startEmbeddedPostgres } from '../postgres/embedded-postgres.js';
import { explainFileError } from '../postgres/file-error.js';
import { secureEnvironment } from '../secure/secure-environment.js';
import { prepareDatabase, type ServiceDatabase } from './databases.js';
import { freePort } from './ports.js';
import { type ServiceName, ServiceProcess } from './service-process.js';
import { shorten } from './shorten.js';

/** How the whole bookstore is started without Docker. */
export interface BookstoreOptions {
  /** Keeps the data, and everything else that is made. */
  readonly dataDir: string;
  readonly authorPort: number;
  readonly bookPort: number;
  /** Callers need a token and TLS, the services' own calls mutual TLS; what that takes is made in `certs`. */
  readonly secure?: boolean;
  /** Settings for both services, on top of the sandbox's own. */
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
  const step = (what: string) => {
    options.signal?.throwIfAborted();
    options.onStep?.(what);
  };
  const postgresDir = path.join(options.dataDir, 'postgres');
  step(`PostgreSQL 18, in ${shorten(postgresDir)}`);
  makeFolder(options.dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresDir, durable: options.durable ?? true });
  const running: ServiceProcess[] = [];
  const stop = async () => {
    await Promise.all(running.map((service) => service.stop()));
    await postgres.stop();
  };
  try {
    step('databases and migrations');
    const secretsFile = path.join(options.dataDir, 'secrets.json');
    const [authors, books] = await Promise.all([
      prepareDatabase('author-service', postgres.url, secretsFile),
      prepareDatabase('book-service', postgres.url, secretsFile),
    ]);

    const certsDir = path.join(options.dataDir, 'certs');
    if (options.secure) {
      step(`certificates and keys, in ${shorten(certsDir)}`);
      await makeCredentials(certsDir);
    }

    const [authorInternal, bookInternal] = [await freePort(), await freePort()];
    const spawnService = (name: ServiceName) => {
      const author = name === 'author-service';
      const service = ServiceProcess.spawn({
        name,
        publicPort: author ? options.authorPort : options.bookPort,
        internalPort: author ? authorInternal : bookInternal,
        env: {
          ...(options.secure ? secureEnvironment(certsDir, name) : { AUTH: 'off' }),
          DATABASE_URL: author ? authors.url : books.url,
          ...(author
            ? { BOOK_SERVICE_ADDRESS: `127.0.0.1:${bookInternal}` }
            : { AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${authorInternal}` }),
          ...options.env,
        },
        caFile: options.secure ? caFile(certsDir) : undefined,
        onLog: options.onLog,
      });
      running.push(service);
      return service;
    };

    step('author service and book service');
    const bookstore = {
      postgres,
      author: spawnService('author-service'),
      book: spawnService('book-service'),
      databases: { 'author-service': authors, 'book-service': books },
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

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw explainFileError(error, folder);
  }
}
