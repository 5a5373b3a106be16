import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeCredential } from './credential-files.js';

/** PostgreSQL reads them as its own user; other users cannot enter the volume. */
const READABLE = 0o644;
const SECRET = 0o600;

/**
 * Makes the passwords of the databases' roles, once: PostgreSQL keeps the first one that it gets. The database of
 * author-service is author-db.
 */
export function makePasswords(folder: string, services: readonly string[]): void {
  for (const service of services) {
    const database = service.replace(/(-service)?$/, '-db');
    makeOnce(path.join(folder, database, 'migrator-password'));
    const password = makeOnce(path.join(folder, database, 'service-password'));
    writeCredential(path.join(folder, service, 'database-password'), password, SECRET);
  }
}

function makeOnce(file: string): string {
  if (!existsSync(file)) writeCredential(file, randomBytes(24).toString('base64url'), READABLE);
  return readFileSync(file, 'utf8');
}
