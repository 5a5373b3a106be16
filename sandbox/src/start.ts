import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { caFile } from '@bookstore/dev-credentials';
import { portFrom, requireFreePort } from './bookstore/ports.js';
import { shorten } from './bookstore/shorten.js';
import { type Bookstore, startBookstore } from './bookstore/start-bookstore.js';
import { whereToCall } from './bookstore/where-to-call.js';
import { SandboxError } from './sandbox-error.js';

/**
 * `npm start`: the whole bookstore on this machine, without Docker, until Ctrl-C. With `-- --secure`, callers need a
 * token and TLS.
 *
 * AUTHOR_PORT and BOOK_PORT move the ports, SANDBOX_DIR the folder that keeps the data.
 */

const dataDir = path.resolve(process.env.SANDBOX_DIR || fileURLToPath(new URL('../../.sandbox', import.meta.url)));
const shownDataDir = shorten(dataDir);
const startedAt = performance.now();

/** Time between two looks for the process that started this one, ms. */
const PARENT_INTERVAL_MS = 250;

const stopRequest = new AbortController();
const stopRequested = new Promise<void>((resolve) => stopRequest.signal.addEventListener('abort', () => resolve()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopRequest.abort());
// npm passes a signal on to the shell between it and this process, and most shells end without passing it on again.
if (process.env.npm_lifecycle_event === 'start') stopWithoutParent(process.ppid);
// A terminal that is gone, or a pipe that nobody reads, is no reason to leave things running.
for (const output of [process.stdout, process.stderr]) output.on('error', () => stopRequest.abort());

try {
  await run();
  process.exit(0);
} catch (error) {
  const { message, stack } = error as Error;
  console.error(`\nnpm start: ${error instanceof SandboxError ? message : (stack ?? message)}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const secure = isSecure();
  const { authorPort, bookPort } = await choosePorts();
  const bookstore = await start(authorPort, bookPort, secure);
  if (bookstore) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const ca = secure ? shorten(caFile(path.join(dataDir, 'certs'))) : undefined;
    console.log(whereToCall({ authorPort, bookPort, seconds, caFile: ca }));
    const died = await Promise.race([stopRequested, whatDied(bookstore)]);
    if (!died) console.log('\n  stopping: calls in flight end first');
    await bookstore.stop();
    if (died) throw new SandboxError(`${died}; everything has been stopped`);
  }
  console.log(`  stopped; the data stays in ${shownDataDir}, npm start goes on with it`);
}

function isSecure(): boolean {
  try {
    return parseArgs({ options: { secure: { type: 'boolean', default: false } } }).values.secure;
  } catch {
    throw new SandboxError('takes --secure or nothing: npm start -- --secure');
  }
}

async function choosePorts() {
  const [authorPort, bookPort] = [portFrom('AUTHOR_PORT', 50051), portFrom('BOOK_PORT', 50052)];
  if (authorPort === bookPort) {
    throw new SandboxError(`both services cannot have port ${bookPort}; set AUTHOR_PORT and BOOK_PORT to two ports`);
  }
  await requireFreePort(authorPort, 'AUTHOR_PORT');
  await requireFreePort(bookPort, 'BOOK_PORT');
  return { authorPort, bookPort };
}

/** The bookstore; undefined when a stop comes before it serves. */
async function start(authorPort: number, bookPort: number, secure: boolean): Promise<Bookstore | undefined> {
  const { signal } = stopRequest;
  try {
    const onStep = (what: string) => console.log(`  starting  ${what}`);
    return await startBookstore({ dataDir, authorPort, bookPort, secure, onStep, signal });
  } catch (error) {
    // Ctrl-C reaches everything that has been started at the same time: what failed of it is no failure.
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Resolves when something ends that nobody asked to. */
function whatDied({ author, book, postgres }: Bookstore): Promise<string> {
  return Promise.race([
    author.exited.then((how) => `the author service ended ${how}`),
    book.exited.then((how) => `the book service ended ${how}`),
    postgres.exited.then(() => `PostgreSQL ended; ${path.join(shownDataDir, 'postgres.log')} says why`),
  ]);
}

function stopWithoutParent(parent: number): void {
  setInterval(() => {
    if (process.ppid !== parent) stopRequest.abort();
  }, PARENT_INTERVAL_MS).unref();
}
