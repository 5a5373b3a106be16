// For prisma.config.ts, also before anything is built: no packages, nothing compiled.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * DATABASE_URL where it is set, else the database of the bookstore that `npm start` or `npm run dev` runs on this
 * machine, as its owner; undefined when none runs. PostgreSQL notes its port beside its data, the sandbox the password.
 */
export function databaseUrl(database) {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const dataDir = path.resolve(root, process.env.SANDBOX_DIR || '.sandbox', 'postgres');
  try {
    const [pid, , , port] = readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    if (!isRunning(Number(pid))) throw new Error('it has ended');
    const password = encodeURIComponent(readFileSync(`${dataDir}.password`, 'utf8').trim());
    return `postgresql://postgres:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
  } catch {
    if (['db', 'migrate', 'studio'].includes(process.argv[2])) {
      console.error('No database: start the bookstore (npm start), or set DATABASE_URL.');
    }
    return undefined;
  }
}

/** A server that was killed leaves its postmaster.pid. */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
