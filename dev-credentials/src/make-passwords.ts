import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeCredential } from './credential-files.js';

const DATABASES = [
  { database: 'author-db', service: 'author-service' },
  { database: 'book-db', service: 'book-service' },
] as const;
/** Read by PostgreSQL's own user: the volume that they are in is closed to everybody else. */
const READABLE = 0o644;
const SECRET = 0o600;

/**
 * Makes the passwords of the databases' roles, once: PostgreSQL takes the first it is given, so a new one would lock
 * everybody out.
 */
export function makePasswords(folder: string): void {
  for (const { database, service } of DATABASES) {
    makeOnce(path.join(folder, database, 'migrator-password'));
    const password = makeOnce(path.join(folder, database, 'service-password'));
    writeCredential(path.join(folder, service, 'database-password'), password, SECRET);
  }
}

function makeOnce(file: string): string {
  if (!existsSync(file)) writeCredential(file, randomBytes(24).toString('base64url'), READABLE);
  return readFileSync(file, 'utf8');
}
