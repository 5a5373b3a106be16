import './postgres/ignore-pg-variables.js';
import path from 'node:path';
import { readyMessage } from './bookstore/ready-message.js';
import { shorten } from './bookstore/shorten.js';
import { type Bookstore, startBookstore } from './bookstore/start-bookstore.js';
import { startOptions } from './bookstore/start-options.js';
import { aborted, runCommand } from './command.js';
import { SandboxError } from './sandbox-error.js';

/**
 * `npm start`: the whole bookstore on this machine, without Docker, until Ctrl-C. With `-- --secure`, callers need TLS
 * and a token.
 */
// Without LOG_LEVEL, the services report problems only.
const env = { LOG_LEVEL: process.env.LOG_LEVEL || 'warn' };

await runCommand('start', async (stop) => {
  const options = await startOptions('npm start');
  const onStep = (what: string) => console.log(`  starting  ${what}`);
  const bookstore = await startBookstore({ ...options, env, onStep, signal: stop }).catch((error) => {
    // Ctrl-C also ends what is just being started.
    if (!stop.aborted) throw error;
  });
  if (bookstore) {
    console.log(readyMessage(bookstore));
    const problem = await Promise.race([aborted(stop), unexpectedEnd(bookstore, options.dataDir)]);
    if (!problem) console.log('\n  stopping: calls in flight end first');
    await bookstore.stop();
    if (problem) throw new SandboxError(`${problem}; everything has been stopped`);
  }
  console.log(`  stopped; the data stays in ${shorten(options.dataDir)}, npm start goes on with it`);
});

/** Resolves with what has ended by itself. */
function unexpectedEnd({ services, postgres }: Bookstore, dataDir: string): Promise<string> {
  return Promise.race([
    ...[...services].map(async ([name, { exited }]) => `the ${name} ended ${await exited}`),
    postgres.exited.then(() => `PostgreSQL ended; ${shorten(path.join(dataDir, 'postgres.log'))} says why`),
  ]);
}
