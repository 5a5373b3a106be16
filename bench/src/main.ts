import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { runCommand, SandboxError } from '@bookstore/sandbox';
import { BenchData } from './data.js';
import type { FootprintFigure } from './figures.js';
import { footprint } from './measure-footprint.js';
import { measureLoad } from './measure-load.js';
import { operations } from './operations.js';
import { parseOptions } from './options.js';
import { save } from './save.js';
import { footprintTable, loadTable } from './table.js';

// npm run bench: docs/performance.md has the options.
await runCommand('bench', async (stop) => {
  const options = parseOptions(process.argv.slice(2));
  const { short, only, against, rounds, roundMs, starts } = options;
  const isChosen = (name: string, byDefault: boolean) =>
    only.length === 0 ? byDefault : only.some((part) => name.includes(part));
  const chosen = operations.filter(({ name }) => isChosen(name, true));
  const chosenFootprint = Object.entries(footprint).filter(([name]) => isChosen(name, !short && !against));
  if (chosen.length + chosenFootprint.length === 0) throw new SandboxError('--only matches no measurement');

  const machine = `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  console.log(`${machine}; load average ${loadavg()[0]?.toFixed(1)}`);
  const size = short ? { authors: 1_000, books: 10_000 } : { authors: 10_000, books: 100_000 };
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  try {
    await using data = await BenchData.create(scratch, size);
    const run = { options, data, scratch, stop };
    const results = chosen.length > 0 ? await measureLoad(chosen, run) : [];
    if (chosen.length > 0) console.log(`\n${loadTable(results)}\n`);
    const figures: FootprintFigure[] = [];
    for (const [, measure] of chosenFootprint) {
      const measured = await measure(run);
      figures.push(...measured);
      console.log(`${footprintTable(measured)}\n`);
    }
    const conditions = `${size.authors} authors, ${size.books} books; medians of ${rounds} rounds of ${roundMs / 1000} s or of a number of calls, and of ${starts} starts`;
    if (options.save) save(results, figures, `${new Date().toISOString().slice(0, 10)}, ${machine}; ${conditions}.`);
  } catch (error) {
    throw stop.aborted ? new SandboxError('stopped') : error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
