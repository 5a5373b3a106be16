import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { type BenchArguments, type PartName, parseArguments } from './arguments.js';
import { measureContainers } from './containers/measure-containers.js';
import { measureLoad } from './load/measure-load.js';
import { measureReplicas } from './replicas/measure-replicas.js';
import { goalTable } from './report/markdown.js';
import type { Machine, PartFindings, PartResult } from './report/results.js';
import { save } from './report/save.js';
import { showCheck } from './report/show.js';
import { measureStart } from './start/measure-start.js';

/** `npm run bench`: the bookstore beside its peers, in one run; docs/performance.md has the options. */

try {
  await run(parseArguments(process.argv.slice(2)));
} catch (error) {
  console.error(`npm run bench: ${(error as Error).message}`);
  process.exitCode = 2;
}

async function run(options: BenchArguments): Promise<void> {
  const measure: Record<PartName, () => Promise<PartFindings>> = {
    load: () => measureLoad(options),
    start: () => measureStart(options),
    containers: measureContainers,
    replicas: measureReplicas,
  };
  const machine: Machine = {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: execFileSync(options.node, ['--version'], { encoding: 'utf8' }).trim(),
    load: loadavg()[0] ?? Number.NaN,
  };
  console.log(
    `${machine.cores} cores, ${machine.memoryGiB} GiB, contenders on Node ${machine.node}, load ${machine.load.toFixed(1)} before`,
  );

  const results: Partial<Record<PartName, PartResult>> = {};
  for (const part of options.parts) {
    console.log(`\n== ${part}`);
    const startedAt = performance.now();
    try {
      const findings = await measure[part]();
      const seconds = (performance.now() - startedAt) / 1000;
      console.log(`\n${findings.conditions}; it took ${seconds.toFixed(0)} s`);
      for (const check of findings.checks) console.log(showCheck(check));
      if (findings.operations) console.log(`\n${goalTable(findings.operations)}`);
      results[part] = { command: ['npm run bench', ...commandLine()].join(' '), machine, seconds, ...findings };
    } catch (error) {
      console.error(`not measured: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  if (options.save) save(results);
}

/** As one would type it elsewhere: where Node lies is this machine's business. */
function commandLine(): string[] {
  const given = process.argv.slice(2).map((argument, index, all) => {
    if (all[index - 1] === '--node') return 'PATH';
    return /[ ,]/.test(argument) ? `'${argument}'` : argument;
  });
  return given.length > 0 ? ['--', ...given] : [];
}
