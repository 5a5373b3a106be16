import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { Figures, Measured } from './measure.js';
import type { Goal } from './operations.js';
import { plot } from './plot.js';

const FIGURE: Record<Goal['of'], keyof Figures> = {
  'calls/s': 'callsPerSecond',
  CPU: 'cpuPerCall',
  p50: 'p50',
  p99: 'p99',
};

/** A goal, and what was measured against it. */
export interface Judged extends Goal {
  readonly ratio: number;
  readonly met: boolean;
}

/** The bookstore's median divided by the peer's. */
export function judge({ operation, medians }: Measured): Judged[] {
  const own = medians.get('bookstore');
  return operation.goals.map((goal) => {
    const ratio = (own?.[FIGURE[goal.of]] ?? Number.NaN) / (medians.get(goal.against)?.[FIGURE[goal.of]] ?? Number.NaN);
    const met = goal.atLeast !== undefined ? ratio >= goal.atLeast : ratio <= (goal.atMost ?? 0);
    return { ...goal, ratio, met };
  });
}

/** One operation for the screen: each contender's medians, then the ratios. */
export function show(measured: Measured): string {
  const rows = [...measured.medians].map(
    ([name, { callsPerSecond, p50, p99, cpuPerCall }]) =>
      `  ${name.padEnd(10)} ${callsPerSecond.toFixed(0).padStart(7)} calls/s   p50 ${p50.toFixed(2).padStart(7)} ms   p99 ${p99.toFixed(2).padStart(7)} ms   CPU ${cpuPerCall.toFixed(3)} ms/call`,
  );
  const ratios = judge(measured).map(
    ({ of, against, ratio, met, atLeast, atMost }) =>
      `  ${met ? 'met   ' : 'MISSED'} ${of} ${ratio.toFixed(2)} x ${against} (goal: ${atLeast ? `at least ${atLeast}` : `at most ${atMost}`})`,
  );
  return [`\n${measured.operation.name}   (spread ${(measured.spread * 100).toFixed(0)} %)`, ...rows, ...ratios].join(
    '\n',
  );
}

/**
 * Whether the run can be believed: how E, B and N compare is known from before, and a run in which they compare
 * otherwise has measured something else, such as its own load generator.
 */
export function validity(all: readonly Measured[]): string {
  const get = all.find(({ operation }) => operation.name.startsWith('Get') && operation.contenders.includes('E'));
  const [e, b, n] = ['E', 'B', 'N'].map((name) => get?.medians.get(name)?.callsPerSecond);
  if (!e || !b || !n) return 'E / B was not measured in this run';
  const valid = e / b >= 1.4 && e / b <= 2.2;
  return `${valid ? 'valid' : 'INVALID'}: E / B = ${(e / b).toFixed(2)} (1.4 to 2.2 expected), B / N = ${(b / n).toFixed(2)}`;
}

/** Writes results.json and plot.svg. */
export function write(folder: string, command: string, all: readonly Measured[]): void {
  mkdirSync(folder, { recursive: true });
  const results = {
    command,
    machine: {
      cores: cpus().length,
      model: cpus()[0]?.model,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    validity: validity(all),
    operations: all.map((measured) => ({
      name: measured.operation.name,
      spread: measured.spread,
      medians: Object.fromEntries(measured.medians),
      goals: judge(measured),
    })),
  };
  writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(path.join(folder, 'plot.svg'), plot(all));
}
