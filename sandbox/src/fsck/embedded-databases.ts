import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serviceNamed } from '../../../scripts/services.mjs';
import { isRunning } from '../is-running.js';
import { SandboxError } from '../sandbox-error.js';
import type { DatabaseUrls } from './fsck.js';

/**
 * The databases of the bookstore that `npm start` runs, as the services' own roles.
 *
 * @throws SandboxError when no bookstore runs on this folder
 */
export function embeddedDatabases(dataDir: string): DatabaseUrls {
  try {
    const postgresDir = path.join(dataDir, 'postgres');
    const [pid, , , port = ''] = readFileSync(path.join(postgresDir, 'postmaster.pid'), 'utf8').split('\n');
    // A server that was killed leaves this file behind.
    if (!isRunning(Number(pid))) throw new Error('its PostgreSQL has ended');
    const passwords: Record<string, string> = JSON.parse(readFileSync(path.join(dataDir, 'secrets.json'), 'utf8'));
    const urlOf = (service: string) => {
      const { database, role } = serviceNamed(service);
      // This server speaks no TLS, whatever PGSSLMODE is in the environment.
      return `postgresql://${role}:${encodeURIComponent(passwords[role] ?? '')}@127.0.0.1:${port.trim()}/${database}?sslmode=disable`;
    };
    return { authors: urlOf('author-service'), books: urlOf('book-service') };
  } catch (cause) {
    const help = 'the bookstore of npm start does not run: start it first, or give --authors-url and --books-url';
    throw new SandboxError(`${help} (${(cause as Error).message})`, { cause });
  }
}
