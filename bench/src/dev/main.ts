import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { edits } from './edits.js';
import { measureEdits } from './measure-edits.js';
import { type DevBookstore, startCompose, startEmbedded } from './start-dev.js';

/**
 * `npm run bench:dev`: from saving a line to the first answer of the new code, in `npm run dev` and in Docker Compose, on
 * a copy of the repository. `-- --times N` saves each line N times; `--only embedded` or `--only compose`.
 */

const TARGETS = [
  { name: 'embedded', goalMs: 2000, start: startEmbedded },
  { name: 'compose', goalMs: 4000, start: startCompose },
];
const { times, targets } = given();

/** Ctrl-C ends the measurement, and with it what has been started for it. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => reject(new Error(`ended by ${signal}`)));
  }
});
interrupted.catch(() => {});

console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} before; each line is saved ${times} times`);
await using copy = await WorkTreeCopy.make();
for (const { name, goalMs, start } of targets) {
  if (name === 'compose' && !dockerAnswers()) {
    console.log('compose: not measured, as no Docker Engine answers');
    continue;
  }
  await measure(name, goalMs, await start(copy.folder));
}

async function measure(name: string, goalMs: number, bookstore: DevBookstore): Promise<void> {
  try {
    for (const edit of edits) {
      const sorted = (await Promise.race([measureEdits(bookstore, edit, times), interrupted])).sort((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
      const range = `${seconds(sorted[0])} to ${seconds(sorted.at(-1))} s`;
      const verdict = median <= goalMs ? 'within' : 'MISSES';
      console.log(
        `${name.padEnd(9)} ${edit.name.padEnd(29)} median ${seconds(median)} s (${range}), load ${loadavg()[0]?.toFixed(1)}: ${verdict} ${seconds(goalMs)} s`,
      );
    }
  } finally {
    await bookstore.stop();
  }
}

/** What the command line asks for; ends the program with one line where it asks for something else. */
function given(): { times: number; targets: typeof TARGETS } {
  try {
    const { values } = parseArgs({ options: { times: { type: 'string', default: '7' }, only: { type: 'string' } } });
    const times = Number(values.times);
    if (!Number.isInteger(times) || times < 1) throw new Error('--times takes a number, 1 or more');
    const targets = TARGETS.filter(({ name }) => values.only === undefined || values.only === name);
    if (targets.length === 0) throw new Error('--only takes embedded or compose');
    return { times, targets };
  } catch (error) {
    console.error(`npm run bench:dev: ${(error as Error).message}`);
    process.exit(2);
  }
}

function seconds(ms = Number.NaN): string {
  return (ms / 1000).toFixed(2);
}

function dockerAnswers(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
