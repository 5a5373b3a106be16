import type { Figures } from './results.js';

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Of each figure by itself. */
export function medianOf(rounds: readonly Figures[]): Figures {
  const of = (name: keyof Figures) => median(rounds.map((figures) => figures[name]));
  return {
    callsPerSecond: of('callsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpuPerCall: of('cpuPerCall'),
    databaseCpuPerCall: of('databaseCpuPerCall'),
    memory: of('memory'),
  };
}

/** Difference of the largest and the smallest, relative to the median. */
export const spread = (values: readonly number[]): number =>
  (Math.max(...values) - Math.min(...values)) / median(values);
