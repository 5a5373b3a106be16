import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { migrate } from '@bookstore/service-kit/migrate';
import pg from 'pg';
import { serviceNamed } from '../../../scripts/services.mjs';
import { SandboxError } from '../sandbox-error.js';

/** A service's database, and its URL for the service's own role. */
export interface ServiceDatabase {
  readonly name: string;
  readonly url: string;
}

/**
 * Creates a service's database and role if they are missing, and applies the migrations.
 *
 * @param adminUrl returns the URL of a database for the superuser
 * @param secretsFile keeps the roles' passwords, readable by this user only
 * @throws SandboxError that names the database and the reason
 */
export async function prepareDatabase(
  name: string,
  adminUrl: (database?: string) => string,
  secretsFile: string,
): Promise<ServiceDatabase> {
  const { database, role, folder } = serviceNamed(name);
  // Before the first await: two of these may run at the same time, and write the same file.
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
  // Renamed when complete: a start that is killed leaves the old file or the new one.
  writeFileSync(`${secretsFile}.new`, JSON.stringify({ ...secrets, [role]: password }, null, 2), { mode: 0o600 });
  renameSync(`${secretsFile}.new`, secretsFile);
  return password;
}

/** Empty when the file is missing or damaged: each start sets the roles' passwords anew. */
function readSecrets(secretsFile: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(secretsFile, 'utf8'));
  } catch {
    return {};
  }
}
