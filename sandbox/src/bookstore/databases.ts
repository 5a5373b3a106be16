import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { migrate } from '@bookstore/service-kit/migrate';
import pg from 'pg';
import { serviceNamed } from '../../../scripts/services.mjs';
import { query } from '../postgres/query.js';
import { SandboxError } from '../sandbox-error.js';

/**
 * Creates a service's database and role if they are missing, and applies the migrations.
 *
 * @param adminUrl returns the URL of a database for the superuser
 * @param secretsFile keeps the roles' passwords, readable by this user only
 * @returns its URL for the service's own role
 * @throws SandboxError that names the database and the reason
 */
export async function prepareDatabase(
  name: string,
  adminUrl: (database?: string) => string,
  secretsFile: string,
): Promise<{ readonly url: string }> {
  const { database, role, folder } = serviceNamed(name);
  // Before the first await: two of these may run at the same time, and write the same file.
  const password = passwordOf(role, secretsFile);
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
  return { url: url.href };
}

function passwordOf(role: string, secretsFile: string): string {
  let secrets: Record<string, string> = {};
  try {
    secrets = JSON.parse(readFileSync(secretsFile, 'utf8'));
  } catch {
    // It is missing or damaged: each start sets the roles' passwords anew.
  }
  const password = secrets[role] ?? randomBytes(24).toString('base64url');
  // Renamed when complete: a start that is killed leaves the old file or the new one.
  writeFileSync(`${secretsFile}.new`, JSON.stringify({ ...secrets, [role]: password }, null, 2), { mode: 0o600 });
  renameSync(`${secretsFile}.new`, secretsFile);
  return password;
}
