import path from 'node:path';
import { parseArgs } from 'node:util';
import { services } from '../../../scripts/services.mjs';
import { aborted, runCommand } from '../command.js';
import { requireUnused } from '../postgres/running-server.js';
import { SandboxError } from '../sandbox-error.js';
import { portFrom, requireFreePort } from './ports.js';
import { readyMessage } from './ready-message.js';
import { dataDir } from './running-bookstore.js';
import { shorten } from './shorten.js';
import { type Bookstore, startBookstore } from './start-bookstore.js';

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
      const log = shorten(path.join(dataDir, 'postgres.log'));
      const postgresEnd = bookstore.postgres.exited.then(() => `PostgreSQL ended; ${log} says why`);
      const ended = Promise.race([aborted(stop), postgresEnd, whileServing(bookstore, stop)]);
      const problem = await ended.catch(async (error) => {
        await bookstore.stop();
        throw error;
      });
      if (!problem) console.log('\n  stopping: calls in flight end first');
      await bookstore.stop();
      if (problem) throw new SandboxError(`${problem}; everything has been stopped`);
    }
    console.log(`  stopped; the data stays in ${shorten(dataDir)}, npm start uses it again`);
  });
}

/** From the command line and the environment: `--secure`, AUTHOR_PORT and BOOK_PORT, SANDBOX_DIR. */
async function startOptions() {
  // npm takes an option for its own where the -- before it is forgotten, and PowerShell removes the --.
  const byDefault = process.env.npm_config_secure === 'true';
  const { secure } = parseArgs({ options: { secure: { type: 'boolean', default: byDefault } } }).values;
  // The second start in a folder also finds its ports taken; this says why.
  requireUnused(path.join(dataDir, 'postgres'));
  const chosen = services.map(({ name, port, portVariable }) => {
    return { name, variable: portVariable, port: portFrom(portVariable, port) };
  });
  if (new Set(chosen.map(({ port }) => port)).size < chosen.length) {
    const variables = chosen.map(({ variable }) => variable).join(' and ');
    throw new SandboxError(`two services cannot have the same port: set ${variables} to different ones`);
  }
  for (const { port, variable } of chosen) await requireFreePort(port, variable);
  return { dataDir, secure, ports: Object.fromEntries(chosen.map(({ name, port }) => [name, port])) };
}
