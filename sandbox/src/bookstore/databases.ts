import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { migrate } from '@bookstore/service-kit/migrate';
import pg from 'pg';
import { serviceNamed } from '../../../scripts/services.mjs';
import { SandboxError } from '../sandbox-error.js';

/** Where a service finds its own database, as its own role. */
export interface ServiceDatabase {
  readonly name: string;
  readonly url: string;
}

/**
 * Makes a service's database and role where they are missing, and brings it up to date.
 *
 * @param adminUrl gives the URL of a database for a role that may do so
 * @param secretsFile keeps the roles' passwords, for this user alone
 * @throws SandboxError that says which database, and why not
 */
export async function prepareDatabase(
  name: string,
  adminUrl: (database?: string) => string,
  secretsFile: string,
): Promise<ServiceDatabase> {
  const { database, role, folder } = serviceNamed(name);
  // Before the first wait: two of these may run at once, and write the same file.
  const password = passwordOf(role, secretsFile);
  try {
    await createDatabase(adminUrl(), database);
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
  return { name: database, url: url.href };
}

async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

function passwordOf(role: string, secretsFile: string): string {
  const secrets = readSecrets(secretsFile);
  const known = secrets[role];
  if (known) return known;
  const password = randomBytes(24).toString('base64url');
  // By another name first: a start that is cut off leaves the old file or the new one, never half of it.
  writeFileSync(`${secretsFile}.new`, JSON.stringify({ ...secrets, [role]: password }, null, 2), { mode: 0o600 });
  renameSync(`${secretsFile}.new`, secretsFile);
  return password;
}

/** Empty when it is not there or cannot be read: a role is given its password at every start. */
function readSecrets(secretsFile: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(secretsFile, 'utf8'));
  } catch {
    return {};
  }
}
