import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { portFrom, requireFreePort } from './bookstore/ports.js';
import { type Bookstore, startBookstore } from './bookstore/start-bookstore.js';
import { SandboxError } from './sandbox-error.js';

/** `npm start`: the whole bookstore on this machine, without Docker, until Ctrl-C. */

const dataDir = fileURLToPath(new URL('../../.sandbox', import.meta.url));

const startedAt = performance.now();
const stopRequested = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

try {
  const authorPort = await requireFreePort(portFrom('AUTHOR_PORT', 50051), 'AUTHOR_PORT');
  const bookPort = await requireFreePort(portFrom('BOOK_PORT', 50052), 'BOOK_PORT');
  const onStep = (what: string) => console.log(`  starting  ${what}`);
  const starting = startBookstore({ dataDir, authorPort, bookPort, onStep });
  // A stop that comes while things start ends what has started, too.
  const bookstore = await starting;
  showWhereToCall(authorPort, bookPort);
  const died = await Promise.race([stopRequested, whatDied(bookstore)]);
  if (!died) console.log('\n  stopping: calls in flight end first');
  await bookstore.stop();
  if (died) throw new SandboxError(`${died}; everything has been stopped`);
  console.log('  stopped; the data stays in .sandbox, npm start goes on with it');
  process.exit(0);
} catch (error) {
  const { message, stack } = error as Error;
  console.error(`\nnpm start: ${error instanceof SandboxError ? message : (stack ?? message)}`);
  process.exit(1);
}

/** Resolves when something ends that nobody asked to. */
function whatDied({ author, book, postgres }: Bookstore): Promise<string> {
  return Promise.race([
    author.exited.then((how) => `the author service ended ${how}`),
    book.exited.then((how) => `the book service ended ${how}`),
    postgres.exited.then(() => `PostgreSQL ended; ${path.relative('.', dataDir)}/postgres.log says why`),
  ]);
}

function showWhereToCall(authorPort: number, bookPort: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const call = `bookstore.author.v1.AuthorService`;
  console.log(`
  The bookstore serves after ${seconds} s.

    author service   127.0.0.1:${authorPort}
    book service     127.0.0.1:${bookPort}

  A first call:

    npx buf curl --protocol grpc --http2-prior-knowledge -d '{"name":"Ursula K. Le Guin","email":"ursula@example.com"}' http://127.0.0.1:${authorPort}/${call}/CreateAuthor

  The same with grpcurl, and a page to click through with grpcui, where they are installed:

    grpcurl -plaintext -d '{"name":"Ursula K. Le Guin","email":"ursula@example.com"}' 127.0.0.1:${authorPort} ${call}/CreateAuthor
    grpcui -plaintext 127.0.0.1:${authorPort}

  A catalogue to play with: npm run seed, in another terminal. To stop: Ctrl-C.
`);
}
