import './postgres/ignore-pg-variables.js';

export { atOnce } from './at-once.js';
export { prepareDatabase } from './bookstore/databases.js';
export { freePort } from './bookstore/ports.js';
export { runningBookstore } from './bookstore/running-bookstore.js';
export { ServiceProcess } from './bookstore/service-process.js';
export { type Bookstore, type BookstoreOptions, startBookstore } from './bookstore/start-bookstore.js';
export { runCommand } from './command.js';
export { HealthClient, healthOf, waitUntilServing } from './health.js';
export { type PostgresServer, startEmbeddedPostgres } from './postgres/embedded-postgres.js';
export { query } from './postgres/query.js';
export { type ProgramResult, runProgram } from './run-program.js';
export { SandboxError } from './sandbox-error.js';
export { until } from './until.js';
