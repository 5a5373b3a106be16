import './postgres/ignore-pg-variables.js';
import { runBookstore } from './bookstore/run-bookstore.js';

/**
 * `npm start`: the whole bookstore on this machine, without Docker, until Ctrl-C. With `-- --secure`, callers need TLS
 * and a token.
 */
// Without LOG_LEVEL, the services report problems only.
await runBookstore('start', { LOG_LEVEL: process.env.LOG_LEVEL || 'warn' }, ({ services }) =>
  Promise.race([...services].map(async ([name, { exited }]) => `the ${name} ended ${await exited}`)),
);
