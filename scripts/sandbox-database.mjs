// For prisma.config.ts, also before anything is compiled.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from './is-running.mjs';
import { root } from './run.mjs';
import { serviceNamed } from './services.mjs';

/**
 * DATABASE_URL where it is set, else the database of the bookstore that `npm start` or `npm run dev` runs, as its owner;
 * undefined when none runs.
 *
 * @param configUrl import.meta.url of the service's prisma.config.ts
 */
export function databaseUrl(configUrl) {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const dataDir = path.resolve(root, process.env.SANDBOX_DIR || '.sandbox');
  const { database } = serviceNamed(path.basename(path.dirname(fileURLToPath(configUrl))));
  const read = (file) => readFileSync(path.join(dataDir, file), 'utf8');
  try {
    const { pid, postgresPort } = JSON.parse(read('bookstore.json'));
    // One that was killed leaves its file.
    if (!isRunning(pid)) throw new Error('it has ended');
    const password = encodeURIComponent(read('postgres.password').trim());
    return `postgresql://postgres:${password}@127.0.0.1:${postgresPort}/${database}?sslmode=disable`;
  } catch {
    if (['db', 'migrate', 'studio'].includes(process.argv[2])) {
      console.error('No database: start the bookstore (npm start), or set DATABASE_URL.');
    }
    return undefined;
  }
}
