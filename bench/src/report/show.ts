import type { Bounds, Check, Figures, OperationResult } from './results.js';
import { isMet } from './results.js';

const LABELS: Record<keyof Figures, string> = {
  callsPerSecond: 'calls/s',
  p50: 'p50',
  p99: 'p99',
  cpuPerCall: 'CPU a call',
  databaseCpuPerCall: 'database CPU a call',
  memory: 'memory',
};
export const labelOf = (figure: keyof Figures): string => LABELS[figure];

/** A number with as many digits as say something. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return `${value}`;
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function boundsOf({ atLeast, atMost }: Bounds): string {
  if (atLeast !== undefined && atMost !== undefined) return `${atLeast} to ${atMost}`;
  if (atLeast !== undefined) return `at least ${atLeast}`;
  return atMost === undefined ? '' : `at most ${atMost}`;
}

const inBrackets = (bounds: Bounds) => boundsOf(bounds) && ` (${boundsOf(bounds)})`;

export function verdictOf(value: number, bounds: Bounds): string {
  const met = isMet(value, bounds);
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}

/** How much of one core the service used. */
export const busy = ({ callsPerSecond, cpuPerCall }: Figures): number => (callsPerSecond * cpuPerCall) / 10;

/** Of one round there is none. */
export const spreadOf = (spread: number | undefined): string =>
  spread === undefined ? '' : ` (spread ${(100 * spread).toFixed(0)} %)`;

/** One operation for the screen: each contender's medians, then the ratios. */
export function showOperation({ name, medians, verdicts, spread, failed }: OperationResult): string {
  if (failed) return `\n${name}   FAILED: ${failed}`;
  const rows = Object.entries(medians).map(([contender, figures]) => {
    const { callsPerSecond, p50, p99, cpuPerCall, databaseCpuPerCall, memory } = figures;
    const cells = [
      `${callsPerSecond.toFixed(0).padStart(7)} calls/s`,
      `p50 ${round(p50).padStart(5)} ms`,
      `p99 ${round(p99).padStart(5)} ms`,
      `CPU ${cpuPerCall.toFixed(3)} ms (${busy(figures).toFixed(0).padStart(3)} % of a core)`,
      `database ${databaseCpuPerCall.toFixed(3)} ms`,
      `${round(memory).padStart(4)} MiB`,
    ];
    return `  ${contender.padEnd(11)} ${cells.join('   ')}`;
  });
  const ratios = verdicts.map(
    ({ of, against, ratio, ...bounds }) =>
      `  ${verdictOf(ratio, bounds).padEnd(6)} ${labelOf(of)} ${round(ratio)} × ${against}${inBrackets(bounds)}`,
  );
  return [`\n${name}${spreadOf(spread)}`, ...rows, ...ratios].join('\n');
}

export function showCheck({ name, measured, unit, ...bounds }: Check): string {
  return `  ${verdictOf(measured, bounds).padEnd(6)} ${name}: ${round(measured)} ${unit}${inBrackets(bounds)}`;
}
