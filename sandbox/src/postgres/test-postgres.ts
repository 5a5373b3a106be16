import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startThrowAwayPostgres } from './throw-away-postgres.js';

export interface TestPostgres {
  /** For the superuser. */
  url(database?: string): string;
  stop(): Promise<void>;
}

/** Many test files at a time, and nothing to lose in a power cut. Commits are as in production. */
const SETTINGS = { max_connections: '300', fsync: 'off', full_page_writes: 'off' };

/** One PostgreSQL server for a test run: the embedded one, or with TEST_POSTGRES=container one of Docker's. */
export async function startTestPostgres(env: NodeJS.ProcessEnv = process.env): Promise<TestPostgres> {
  const wanted = env.TEST_POSTGRES || 'embedded';
  if (wanted === 'container') return startContainer();
  if (wanted === 'embedded') return startThrowAwayPostgres(SETTINGS);
  throw new Error(`TEST_POSTGRES must be container or embedded, not ${wanted}`);
}

async function startContainer(): Promise<TestPostgres> {
  // Loaded here only: it takes a while.
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer('postgres:18')
    .withUsername('postgres')
    .withCommand(['postgres', ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .start();
  return {
    url: (database = 'postgres') => atDatabase(container.getConnectionUri(), database),
    stop: async () => void (await container.stop()),
  };
}

/**
 * Creates an empty database of its own for a test.
 *
 * @param name what its unique name begins with
 * @returns its url, with the credentials of `serverUrl`
 */
export async function createTestDatabase(serverUrl: string, name = 'test'): Promise<string> {
  const database = `${name.slice(0, 40)}_${randomBytes(8).toString('hex')}`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
  return atDatabase(serverUrl, database);
}

function atDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}
