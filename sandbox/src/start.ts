import './postgres/ignore-pg-variables.js';
import path from 'node:path';
import { caFile } from '@bookstore/dev-credentials';
import { shorten } from './bookstore/shorten.js';
import { type Bookstore, type BookstoreOptions, startBookstore } from './bookstore/start-bookstore.js';
import { dataDir, startOptions } from './bookstore/start-options.js';
import { aborted, stopRequest } from './bookstore/stop-request.js';
import { whereToCall } from './bookstore/where-to-call.js';
import { SandboxError } from './sandbox-error.js';

/**
 * `npm start`: the whole bookstore on this machine, without Docker, until Ctrl-C. With `-- --secure`, callers need a
 * token and TLS.
 *
 * AUTHOR_PORT and BOOK_PORT move the ports, SANDBOX_DIR the folder that keeps the data.
 */

const shownDataDir = shorten(dataDir);
const startedAt = performance.now();
const signal = stopRequest('start');

try {
  await run();
  process.exit(0);
} catch (error) {
  const { message, stack } = error as Error;
  console.error(`\nnpm start: ${error instanceof SandboxError ? message : (stack ?? message)}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const options = await startOptions('npm start');
  const bookstore = await start(options);
  if (bookstore) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const ca = options.secure ? shorten(caFile(path.join(dataDir, 'certs'))) : undefined;
    console.log(whereToCall({ ...options, seconds, caFile: ca }));
    const died = await Promise.race([aborted(signal), whatDied(bookstore)]);
    if (!died) console.log('\n  stopping: calls in flight end first');
    await bookstore.stop();
    if (died) throw new SandboxError(`${died}; everything has been stopped`);
  }
  console.log(`  stopped; the data stays in ${shownDataDir}, npm start goes on with it`);
}

/** The bookstore; undefined when a stop comes before it serves. */
async function start(options: BookstoreOptions): Promise<Bookstore | undefined> {
  try {
    const onStep = (what: string) => console.log(`  starting  ${what}`);
    return await startBookstore({ ...options, onStep, signal });
  } catch (error) {
    // Ctrl-C reaches everything that has been started at the same time: what failed of it is no failure.
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Resolves when something ends that nobody asked to. */
function whatDied({ services, postgres }: Bookstore): Promise<string> {
  return Promise.race([
    ...[...services].map(async ([name, { exited }]) => `the ${name} ended ${await exited}`),
    postgres.exited.then(() => `PostgreSQL ended; ${path.join(shownDataDir, 'postgres.log')} says why`),
  ]);
}
