import './postgres/ignore-pg-variables.js';

export { prepareDatabase, type ServiceDatabase } from './bookstore/databases.js';
export { NO_PROXY } from './bookstore/no-proxy.js';
export { freePort } from './bookstore/ports.js';
export { type RunningBookstore, runningBookstore } from './bookstore/running-bookstore.js';
export { ServiceProcess } from './bookstore/service-process.js';
export { type Bookstore, type BookstoreOptions, startBookstore } from './bookstore/start-bookstore.js';
export { runCommand } from './command.js';
export { HealthClient, healthOf, waitUntilServing } from './health.js';
export {
  type EmbeddedPostgresOptions,
  type PostgresServer,
  startEmbeddedPostgres,
} from './postgres/embedded-postgres.js';
export { whenThisProcessIsGone } from './postgres/when-this-process-is-gone.js';
export { type ProgramResult, runProgram } from './run-program.js';
export { SandboxError } from './sandbox-error.js';
export { until } from './until.js';
