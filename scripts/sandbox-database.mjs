// For prisma.config.ts, also before anything is compiled.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

/**
 * DATABASE_URL where it is set, else the database of the bookstore that `npm start` or `npm run dev` runs, as its owner;
 * undefined when none runs.
 */
export function databaseUrl(database) {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const dataDir = path.resolve(root, process.env.SANDBOX_DIR || '.sandbox');
  const read = (file) => readFileSync(path.join(dataDir, file), 'utf8');
  try {
    const { pid, postgresPort } = JSON.parse(read('bookstore.json'));
    // Signal 0 is not sent; it fails where that process has been killed.
    process.kill(pid, 0);
    const password = encodeURIComponent(read('postgres.password').trim());
    return `postgresql://postgres:${password}@127.0.0.1:${postgresPort}/${database}?sslmode=disable`;
  } catch {
    if (['db', 'migrate', 'studio'].includes(process.argv[2])) {
      console.error('No database: start the bookstore (npm start), or set DATABASE_URL.');
    }
    return undefined;
  }
}
