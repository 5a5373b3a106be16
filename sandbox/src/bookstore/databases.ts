import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { migrate } from '@bookstore/service-kit/migrate';
import pg from 'pg';
import { serviceNamed, services } from '../../../scripts/services.mjs';
import { query } from '../postgres/query.js';
import { SandboxError } from '../sandbox-error.js';

/** Of the services' roles. Each process sets new ones, so that nothing keeps them. */
const passwords = new Map(services.map(({ role }) => [role, randomBytes(24).toString('base64url')]));

/**
 * Creates a service's database and role if they are missing, and applies the migrations.
 *
 * @param adminUrl returns the URL of a database for the superuser
 * @param password for the role
 * @returns its URL for the service's own role, until that gets another password
 * @throws SandboxError that names the database and the reason
 */
export async function prepareDatabase(
  name: string,
  adminUrl: (database?: string) => string,
  password = passwords.get(serviceNamed(name).role) as string,
): Promise<string> {
  const { database, role, folder } = serviceNamed(name);
  try {
    const found = await query(adminUrl(), 'SELECT FROM pg_database WHERE datname = $1', [database]);
    if (found.length === 0) await query(adminUrl(), `CREATE DATABASE ${pg.escapeIdentifier(database)}`);
    await migrate({
      url: adminUrl(database),
      migrationsDir: path.join(folder, 'prisma/migrations'),
      serviceRole: { name: role, password },
    });
  } catch (error) {
    const [why] = (error as Error).message.split('\n');
    throw new SandboxError(`the database ${database} cannot be prepared: ${why}`, { cause: error });
  }
  const url = new URL(adminUrl(database));
  url.username = role;
  url.password = password;
  return url.href;
}
