import { aborted, stopRequest } from '../bookstore/stop-request.js';
import { SandboxError } from '../sandbox-error.js';
import { findBookstore } from './find-bookstore.js';
import { choosePorts } from './ports.js';
import { openPage, requireGrpcui } from './web-page.js';

/**
 * `npm run grpcui`: a page to click through for each service of the bookstore that runs on this machine, open or closed,
 * until Ctrl-C.
 *
 * AUTHOR_PORT and BOOK_PORT say where the services are, AUTHOR_GRPCUI_PORT and BOOK_GRPCUI_PORT where the pages go.
 */

const signal = stopRequest('grpcui');
const pagesEnd = new AbortController();

try {
  await run();
} catch (error) {
  // What ends because of Ctrl-C is no failure.
  if (!signal.aborted) {
    const { message, stack } = error as Error;
    console.error(`npm run grpcui: ${error instanceof SandboxError ? message : (stack ?? message)}`);
    process.exitCode = 1;
  }
} finally {
  pagesEnd.abort();
}
process.exit();

async function run(): Promise<void> {
  requireGrpcui();
  const ports = await choosePorts();
  const { authorAddress, bookAddress, access } = await findBookstore(signal);
  const [authors, books] = await Promise.all([
    openPage(authorAddress, ports.author, access, pagesEnd.signal),
    openPage(bookAddress, ports.book, access, pagesEnd.signal),
  ]);
  console.log(`
  author service   ${authors.url}
  book service     ${books.url}

  The pages show the contract as it was when they were opened. To stop: Ctrl-C.
`);
  const died = await Promise.race([aborted(signal), authors.exited, books.exited]);
  if (died) throw new SandboxError(`a page has ended ${died}; so have both`);
}
