import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { makeCredentials } from '@bookstore/dev-credentials';
import { services } from '../../../scripts/services.mjs';
import { type PostgresServer, startEmbeddedPostgres } from '../postgres/embedded-postgres.js';
import { SandboxError } from '../sandbox-error.js';
import { prepareDatabase, type ServiceDatabase } from './databases.js';
import { shorten } from './shorten.js';
import type { BookstoreOptions } from './start-bookstore.js';

/** What the services stand on. */
export interface Foundation {
  readonly postgres: PostgresServer;
  readonly databases: ReadonlyMap<string, ServiceDatabase>;
  /** Certificates and keys, in secure mode. */
  readonly certsDir: string | undefined;
  /** Brings a service's database up to date with its migrations. */
  migrate(service: string): Promise<ServiceDatabase>;
}

/**
 * Starts PostgreSQL, prepares the databases, and makes what secure mode takes.
 *
 * @throws SandboxError whose one line says what is in the way; nothing is left running then
 */
export async function layFoundation(options: BookstoreOptions): Promise<Foundation> {
  const step = (what: string) => {
    options.signal?.throwIfAborted();
    options.onStep?.(what);
  };
  const postgresDir = path.join(options.dataDir, 'postgres');
  step(`PostgreSQL 18, in ${shorten(postgresDir)}`);
  makeFolder(options.dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir: postgresDir, durable: options.durable ?? true });
  try {
    step('databases and migrations');
    const secretsFile = path.join(options.dataDir, 'secrets.json');
    const migrate = (service: string) => prepareDatabase(service, postgres.url, secretsFile);
    const databases = new Map(
      await Promise.all(services.map(async ({ name }) => [name, await migrate(name)] as const)),
    );
    const certsDir = options.secure ? path.join(options.dataDir, 'certs') : undefined;
    if (certsDir) {
      step(`certificates and keys, in ${shorten(certsDir)}`);
      await makeCredentials(
        certsDir,
        services.map(({ name }) => name),
      );
    }
    step(services.map(({ name }) => name).join(', '));
    return { postgres, databases, certsDir, migrate };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new SandboxError(`${folder} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
