import '../postgres/ignore-pg-variables.js';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { caFile } from '@bookstore/dev-credentials';
import { type Foundation, layFoundation } from '../bookstore/foundation.js';
import { serviceOptions } from '../bookstore/service-options.js';
import { shorten } from '../bookstore/shorten.js';
import { dataDir, type StartOptions, startOptions } from '../bookstore/start-options.js';
import { aborted, stopRequest } from '../bookstore/stop-request.js';
import { whereToCall } from '../bookstore/where-to-call.js';
import { SandboxError } from '../sandbox-error.js';
import { ReloadingService } from './reloading-service.js';
import { serveAndReload } from './serve-and-reload.js';

/**
 * `npm run dev`: the bookstore as `npm start` runs it, with what is saved served at once, until Ctrl-C. It takes the same
 * options and variables, and keeps the same data.
 */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const startedAt = performance.now();
const signal = stopRequest('dev');
const say = (what: string) => console.log(`  ${what}`);

try {
  await run();
  process.exit(0);
} catch (error) {
  const { message, stack } = error as Error;
  console.error(`\nnpm run dev: ${error instanceof SandboxError ? message : (stack ?? message)}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const options = await startOptions('npm run dev');
  const onStep = (what: string) => say(`starting  ${what}`);
  const bookstoreOptions = { ...options, onStep, signal };
  const foundation = await layFoundation(bookstoreOptions).catch(unlessStopped);
  if (foundation) {
    const services: ReloadingService[] = [];
    for (const each of await serviceOptions(foundation, bookstoreOptions)) {
      services.push(await ReloadingService.open(each, '127.0.0.1'));
    }
    const died = await Promise.race([serve(services, foundation, options), whatDied(foundation)]);
    await Promise.all(services.map((service) => service.stop()));
    await foundation.postgres.stop();
    if (died) throw new SandboxError(`${died}; everything has been stopped`);
  }
  say(`stopped; the data stays in ${shorten(dataDir)}, npm run dev and npm start go on with it`);
}

async function serve(services: readonly ReloadingService[], foundation: Foundation, options: StartOptions) {
  const { migrate, certsDir } = foundation;
  const reloading = await serveAndReload({ root, services, migrate, say, signal });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (!signal.aborted) {
    console.log(whereToCall({ ...options, seconds, caFile: certsDir && shorten(caFile(certsDir)) }));
    say('watching the sources: what is saved is served at once\n');
  }
  await aborted(signal);
  say('stopping: calls in flight end first');
  await reloading.ended();
}

/** Ctrl-C reaches everything that has been started at the same time: what failed of it is no failure. */
function unlessStopped(error: unknown): undefined {
  if (!signal.aborted) throw error;
}

async function whatDied({ postgres }: Foundation): Promise<string> {
  await postgres.exited;
  return `PostgreSQL ended; ${path.join(shorten(dataDir), 'postgres.log')} says why`;
}
