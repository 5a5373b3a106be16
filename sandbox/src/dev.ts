import './postgres/ignore-pg-variables.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { root, services } from '../../scripts/services.mjs';
import { runBookstore } from './bookstore/run-bookstore.js';
import type { Bookstore } from './bookstore/start-bookstore.js';
import { SandboxError } from './sandbox-error.js';

/**
 * `npm run dev`: the bookstore as `npm start` runs it. What is saved is compiled and served; calls may fail while a
 * service restarts. Takes the options and variables of `npm start`, and keeps the same data.
 */

/** Files that are saved within this time, by an editor or by git, are one change, ms. */
const QUIET_MS = 50;

const names = services.map(({ name }) => name);
const say = (what: string) => console.log(`  ${what}`);
/** The services that are being replaced. */
const restarting = new Set<string>();

await runBookstore('dev', {}, (bookstore, stop) => {
  const sources = ['proto/bookstore', 'proto/src', 'service-kit/src'];
  const ofServices = names.flatMap((name) => [`${name}/src`, `${name}/prisma`]);
  const ignored = (file: string) => path.basename(file) === 'generated';
  const watcher = watch([...sources, ...ofServices], { cwd: root, ignoreInitial: true, ignored });
  const failing = new AbortController();
  const failed = new Promise<never>((_, reject) => {
    // Such as too many watched files, for the limit of the system.
    watcher.on('error', (error) => {
      failing.abort();
      reject(new SandboxError(`cannot watch the sources: ${(error as Error).message}`));
    });
  });
  return Promise.race([failed, serveChanges(watcher, bookstore, AbortSignal.any([stop, failing.signal]))]);
});

async function serveChanges(watcher: FSWatcher, bookstore: Bookstore, stop: AbortSignal): Promise<undefined> {
  /** Since the last code that compiled. */
  const changed = new Set<string>();
  let newer = false;
  watcher.on('all', (event, file) => {
    if (event.endsWith('Dir')) return;
    changed.add(file.replaceAll(path.sep, '/'));
    newer = true;
  });
  await once(watcher, 'ready');
  for (const name of names) sayWhenEnded(bookstore, name, stop);
  say('watching the sources: what is saved is compiled and served\n');
  while (!stop.aborted) {
    while (!newer) await once(watcher, 'all');
    const since = performance.now();
    newer = false;
    await sleep(QUIET_MS);
    const files = [...changed];
    changed.clear();
    say('compiling what was saved');
    if (await compile(files)) {
      await Promise.all(affectedBy(files).map((name) => restart(bookstore, name, since, stop)));
    } else {
      for (const file of files) changed.add(file);
      if (!stop.aborted) say('this does not compile: the old code keeps serving');
    }
  }
}

/** Of a process that nobody stopped. */
async function sayWhenEnded(bookstore: Bookstore, name: string, stop: AbortSignal): Promise<void> {
  const how = await bookstore.service(name).exited;
  if (!stop.aborted && !restarting.has(name)) say(`the ${name} ended ${how}: the next change starts it again`);
}

async function restart(bookstore: Bookstore, name: string, since: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  restarting.add(name);
  try {
    await bookstore.restart(name);
    sayWhenEnded(bookstore, name, stop);
    say(`${name}: new code serves after ${((performance.now() - since) / 1000).toFixed(1)} s`);
  } catch (error) {
    if (!stop.aborted) say((error as Error).message);
  } finally {
    restarting.delete(name);
  }
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
    const [status] = await once(spawn(process.execPath, program, { cwd: root, stdio: 'inherit' }), 'exit');
    return status === 0;
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
