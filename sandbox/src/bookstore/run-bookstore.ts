import path from 'node:path';
import { aborted, runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { readyMessage } from './ready-message.js';
import { shorten } from './shorten.js';
import { type Bookstore, startBookstore } from './start-bookstore.js';
import { startOptions } from './start-options.js';

/**
 * What `npm start` and `npm run dev` have in common: runs the bookstore until Ctrl-C, or until a part of it ends by itself.
 *
 * @param script as package.json calls it
 * @param env settings for all services
 * @param whileServing resolves with what has ended by itself, or at the stop
 */
export async function runBookstore(
  script: 'start' | 'dev',
  env: Readonly<Record<string, string>>,
  whileServing: (bookstore: Bookstore, stop: AbortSignal) => Promise<string | undefined>,
): Promise<never> {
  return runCommand(script, async (stop) => {
    const options = await startOptions();
    const onStep = (what: string) => console.log(`  starting  ${what}`);
    const bookstore = await startBookstore({ ...options, env, onStep, signal: stop }).catch((error) => {
      // Ctrl-C also ends what is just being started.
      if (!stop.aborted) throw error;
    });
    if (bookstore) {
      console.log(readyMessage(bookstore));
      const log = shorten(path.join(options.dataDir, 'postgres.log'));
      const postgresEnd = bookstore.postgres.exited.then(() => `PostgreSQL ended; ${log} says why`);
      const problem = await Promise.race([aborted(stop), postgresEnd, whileServing(bookstore, stop)]);
      if (!problem) console.log('\n  stopping: calls in flight end first');
      await bookstore.stop();
      if (problem) throw new SandboxError(`${problem}; everything has been stopped`);
    }
    console.log(`  stopped; the data stays in ${shorten(options.dataDir)}, npm start goes on with it`);
  });
}
