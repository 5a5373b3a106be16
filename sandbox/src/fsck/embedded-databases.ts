import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type DatabaseUrls, FsckError } from '@bookstore/service-kit';
import { DATABASES } from '../bookstore/databases.js';
import type { ServiceName } from '../bookstore/service-process.js';
import { isPostmasterOf } from '../postgres/postmaster.js';

/**
 * Where the databases of a running sandbox are, as the services' own roles. PostgreSQL itself notes its port beside its
 * data; the sandbox keeps the passwords.
 *
 * @throws FsckError when none runs on this folder
 */
export function embeddedDatabases(dataDir: string): DatabaseUrls {
  const port = portOf(path.join(dataDir, 'postgres'));
  const passwords = readPasswords(path.join(dataDir, 'secrets.json'));
  if (port === undefined || passwords === undefined)
    throw new FsckError(
      'the bookstore of npm start does not run: start it first, or give --authors-url and --books-url; for Docker: docker compose run --rm fsck',
    );
  const urlOf = (service: ServiceName) => {
    const { database, role } = DATABASES[service];
    // Whatever PGSSLMODE says in the environment, this server speaks no TLS.
    return `postgresql://${role}:${encodeURIComponent(passwords[role] ?? '')}@127.0.0.1:${port}/${database}?sslmode=disable`;
  };
  return { authors: urlOf('author-service'), books: urlOf('book-service') };
}

/** By the fourth line of postmaster.pid, which may be left of a server that has been killed. */
function portOf(postgresDir: string): string | undefined {
  const [pid, , , port] = read(path.join(postgresDir, 'postmaster.pid'))?.split('\n') ?? [];
  return port && isPostmasterOf(postgresDir, Number(pid)) ? port.trim() : undefined;
}

function readPasswords(file: string): Record<string, string> | undefined {
  const text = read(file);
  return text === undefined ? undefined : JSON.parse(text);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new FsckError(`${file} cannot be read (${code}): ask as the user who ran npm start`);
  }
}
