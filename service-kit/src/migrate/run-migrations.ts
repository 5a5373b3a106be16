import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { migrateSettings } from './migrate-settings.js';

export interface MigrateOptions {
  /** The database to migrate, as the role that owns it. */
  url: string;
  migrationsDir: string;
  /** Made where it is missing, given this password, and granted what a service needs. */
  serviceRole?: { name: string; password: string };
  /** Longest wait for the database, and for a migration under way; a minute unless said. */
  waitMs?: number;
}

// From the sources, as under vitest, the command is the compiled one all the same: Node 20 does not run TypeScript.
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/migrate/main.js' : './main.js', import.meta.url),
);

/**
 * Migrates a database as the container does, by the same command, in a process of its own: the schema engine's lock goes
 * only with the process.
 *
 * @throws Error with the command's last error line as its message
 */
export function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  return new Promise((resolve, reject) => {
    // Secrets travel in the environment: other users of the machine can read arguments.
    execFile(process.execPath, [MAIN], { env: environment(options) }, (failure, stdout, stderr) => {
      const lines = parse(stdout);
      if (failure === null) return resolve({ applied: lines.flatMap((line) => line.applied ?? []) });
      const said = lines.findLast((line) => line.level === 'error')?.msg ?? stderr.trim().split('\n').at(-1);
      reject(new Error(said || `the migration ended with ${failure.signal ?? `status ${failure.code}`}`));
    });
  });
}

function environment({ url, migrationsDir, serviceRole, waitMs }: MigrateOptions): NodeJS.ProcessEnv {
  const env = { ...process.env };
  // What this process was told about a database of its own is not meant for that one.
  for (const name of Object.keys(migrateSettings)) {
    delete env[name];
    delete env[`${name}_FILE`];
  }
  env.DATABASE_URL = url;
  env.MIGRATIONS_DIR = migrationsDir;
  env.LOG_FORMAT = 'json';
  if (serviceRole !== undefined) {
    env.SERVICE_ROLE = serviceRole.name;
    env.SERVICE_ROLE_PASSWORD = serviceRole.password;
  }
  if (waitMs !== undefined) env.MIGRATE_WAIT_MS = String(waitMs);
  return env;
}

interface LogLine {
  level?: string;
  msg?: string;
  applied?: string;
}

function parse(output: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
}
