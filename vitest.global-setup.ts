import type { TestProject } from 'vitest/node';
import { startThrowAwayPostgres } from './sandbox/src/postgres/throw-away-postgres.js';
import { prepareTemplate } from './sandbox/src/testing/service-database.js';
import { services } from './scripts/services.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL server of this run, as its superuser. */
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run; each test file makes databases of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Many test files at a time, each with databases that live for seconds.
  const server = await startThrowAwayPostgres({ max_connections: '300', autovacuum: 'off' });
  try {
    await Promise.all(services.map(({ name }) => prepareTemplate(server.url(), name)));
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('postgresUrl', server.url());
  return () => server.stop();
}
