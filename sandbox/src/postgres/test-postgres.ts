import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startContainerPostgres } from './container-postgres.js';
import { mayHaveDocker } from './docker-engine.js';
import { startThrowAwayPostgres } from './throw-away-postgres.js';

export interface TestPostgres {
  readonly kind: 'container' | 'embedded';
  /** For the superuser. */
  url(database?: string): string;
  stop(): Promise<void>;
}

/** Many test files at a time, and nothing to lose in a power cut. Commits are as in production. */
const SETTINGS = { max_connections: '300', fsync: 'off', full_page_writes: 'off' };

/**
 * One throw-away PostgreSQL server for a test run: a container where a Docker Engine answers and has the image, or can
 * fetch it, else the embedded one. TEST_POSTGRES=container or =embedded chooses.
 */
export async function startTestPostgres(env: NodeJS.ProcessEnv = process.env): Promise<TestPostgres> {
  const wanted = env.TEST_POSTGRES || undefined;
  if (wanted !== undefined && wanted !== 'container' && wanted !== 'embedded')
    throw new Error(`TEST_POSTGRES must be container or embedded, not ${wanted}`);
  if (wanted === 'container') return { kind: 'container', ...(await startContainerPostgres(SETTINGS)) };
  if (wanted === undefined && (await mayHaveDocker(env))) {
    try {
      return { kind: 'container', ...(await startContainerPostgres(SETTINGS)) };
    } catch (error) {
      const [why] = (error as Error).message.split('\n');
      console.warn(`tests run on the embedded PostgreSQL: Docker is there, but no container starts (${why})`);
    }
  }
  return { kind: 'embedded', ...(await startThrowAwayPostgres(SETTINGS)) };
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
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}
