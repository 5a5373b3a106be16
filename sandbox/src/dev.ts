import './postgres/ignore-pg-variables.js';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch } from 'chokidar';
import { services } from '../../scripts/services.mjs';
import { prepareDatabase } from './bookstore/databases.js';
import { readyMessage } from './bookstore/ready-message.js';
import { shorten } from './bookstore/shorten.js';
import { type Bookstore, startBookstore } from './bookstore/start-bookstore.js';
import { startOptions } from './bookstore/start-options.js';
import { aborted, runCommand } from './command.js';
import { root } from './root.js';
import { runProgram } from './run-program.js';
import { SandboxError } from './sandbox-error.js';

/**
 * `npm run dev`: the bookstore as `npm start` runs it. What is saved is compiled and served; calls may fail while a
 * service restarts. Takes the options and variables of `npm start`, and keeps the same data.
 */

/** Files that are saved within this time, by an editor or by git, are one change, ms. */
const QUIET_MS = 50;

const names = services.map(({ name }) => name);
const say = (what: string) => console.log(`  ${what}`);

await runCommand('dev', async (stop) => {
  const options = await startOptions('npm run dev');
  const onStep = (what: string) => say(`starting  ${what}`);
  const bookstore = await startBookstore({ ...options, onStep, signal: stop }).catch((error) => {
    // Ctrl-C also reaches what is being started, which then fails.
    if (!stop.aborted) throw error;
  });
  if (bookstore) {
    const watcher = await reloadOnSave(bookstore, path.join(options.dataDir, 'secrets.json'), stop);
    console.log(readyMessage(bookstore));
    say('watching the sources: what is saved is compiled and served\n');
    await Promise.race([aborted(stop), bookstore.postgres.exited]);
    await watcher.close();
    await bookstore.stop();
    if (!stop.aborted) throw new SandboxError(`PostgreSQL ended; ${shorten(options.dataDir)}/postgres.log says why`);
  }
  say(`stopped; the data stays in ${shorten(options.dataDir)}, npm run dev and npm start go on with it`);
});

async function reloadOnSave(bookstore: Bookstore, secretsFile: string, stop: AbortSignal) {
  const changed = new Set<string>();
  let newer = false;
  let busy = false;

  const reload = async () => {
    newer = true;
    if (busy) return;
    busy = true;
    while (newer && !stop.aborted) {
      const since = performance.now();
      newer = false;
      await sleep(QUIET_MS);
      const files = [...changed];
      changed.clear();
      if (await compile(files)) {
        await Promise.all(affectedBy(files).map((name) => restart(name, files, since)));
      } else if (!stop.aborted) {
        say('this does not compile: the old code goes on serving');
        for (const file of files) changed.add(file);
      }
    }
    busy = false;
  };

  const restart = async (name: string, files: readonly string[], since: number) => {
    try {
      const hasMigration = files.some((file) => file.startsWith(`${name}/prisma/`));
      if (hasMigration) await prepareDatabase(name, bookstore.postgres.url, secretsFile);
      await bookstore.service(name).stop();
      if (stop.aborted) return;
      await bookstore.restart(name);
      say(`${name}: new code serves after ${secondsSince(since)} s`);
    } catch (error) {
      if (!stop.aborted) say((error as Error).message);
    }
  };

  const sources = ['proto/bookstore', 'proto/src', 'service-kit/src'];
  const ofServices = names.flatMap((name) => [`${name}/src`, `${name}/prisma`]);
  const ignored = (file: string) => path.basename(file) === 'generated';
  const watcher = watch([...sources, ...ofServices], { cwd: root, ignoreInitial: true, ignored });
  watcher.on('all', (event, file) => {
    if (event.endsWith('Dir')) return;
    changed.add(file.replaceAll(path.sep, '/'));
    reload();
  });
  await once(watcher, 'ready');
  return watcher;
}

/**
 * Compiles once: `tsc --build --watch` of TypeScript 7.0 misses what is saved while it compiles.
 *
 * @returns whether everything compiles; type errors have been shown
 */
async function compile(files: readonly string[]): Promise<boolean> {
  const begun = new Date();
  const run = async (script: string, ...args: string[]) => {
    const program = [path.join(root, 'scripts', script), ...args];
    return (await runProgram(process.execPath, program, { cwd: root, show: true })).status === 0;
  };
  if (files.some((file) => file.endsWith('.proto')) && !(await run('generate.mjs'))) return false;
  if (!(await run('build.mjs', ...affectedBy(files)))) return false;
  // The compiler skips files that are older than its record. One that was saved while it compiled must not be.
  for (const folder of readdirSync(root)) {
    const record = path.join(root, folder, 'dist/tsconfig.tsbuildinfo');
    if (existsSync(record) && statSync(record).mtime > begun) utimesSync(record, begun, begun);
  }
  return true;
}

/** The services to restart: each uses the contract and the kit. */
function affectedBy(files: readonly string[]): string[] {
  const ownerOf = (file: string) => names.find((name) => file.startsWith(`${name}/`));
  return names.filter((name) => files.some((file) => [name, undefined].includes(ownerOf(file))));
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}
