import { randomBytes } from 'node:crypto';
import { serviceNamed } from '../../../scripts/services.mjs';
import { prepareDatabase } from '../bookstore/databases.js';
import { query } from '../postgres/query.js';

/** A migrated database of a service, and how to reach it. */
export interface ServiceDatabase {
  /** As the service's own role, which reads and writes rows. */
  readonly url: string;
  /** As the role that owns everything, for what a test arranges and looks at. */
  readonly adminUrl: string;
}

/** Of every role: the processes that run test files share the server. */
const ROLE_PASSWORD = 'of-a-test-alone';

/** Makes the migrated database that those of a service's tests are copies of: once for a server. */
export async function prepareTemplate(serverUrl: string, service: string): Promise<void> {
  await prepareDatabase(service, (database) => (database ? at(serverUrl, database) : serverUrl), ROLE_PASSWORD);
}

/**
 * Creates an empty database of its own for a test.
 *
 * @returns its url, with the credentials of `serverUrl`
 */
export async function createTestDatabase(serverUrl: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(serverUrl, `CREATE DATABASE ${name}`);
  return at(serverUrl, name);
}

/** A database of a test's own, with every migration of the service and nothing else in it. */
export async function createServiceDatabase(serverUrl: string, service: string): Promise<ServiceDatabase> {
  const { role, database } = serviceNamed(service);
  const name = `${role}_${randomBytes(6).toString('hex')}`;
  // The copy of a small database through the log takes twice the CPU time.
  await query(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${database} STRATEGY FILE_COPY`);
  const adminUrl = at(serverUrl, name);
  const url = new URL(adminUrl);
  url.username = role;
  url.password = ROLE_PASSWORD;
  return { url: url.href, adminUrl };
}

function at(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
