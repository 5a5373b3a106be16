import './postgres/ignore-pg-variables.js';

export { prepareDatabase, type ServiceDatabase } from './bookstore/databases.js';
export { NO_PROXY } from './bookstore/no-proxy.js';
export { freePort } from './bookstore/ports.js';
export { ServiceProcess } from './bookstore/service-process.js';
export { type Bookstore, type BookstoreOptions, startBookstore } from './bookstore/start-bookstore.js';
export { waitUntilServing } from './bookstore/wait-until-serving.js';
export {
  type EmbeddedPostgresOptions,
  type PostgresServer,
  startEmbeddedPostgres,
} from './postgres/embedded-postgres.js';
export { whenThisProcessIsGone } from './postgres/leash.js';
export { SandboxError } from './sandbox-error.js';
