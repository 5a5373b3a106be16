import type { Operation } from './operations.js';

/** Of one round of load, or the medians of all rounds. Milliseconds for each call; no CPU where the system does not say. */
export type Figures = Readonly<Record<'calls/s' | 'CPU' | 'p50' | 'p99', number>>;

export interface OperationResult {
  readonly operation: Pick<Operation, 'name' | 'openLoop' | 'goals'>;
  /** By peer, the bookstore last. */
  readonly medians: Readonly<Record<string, Figures>>;
  /** Largest difference between two rounds of one peer in calls/s, relative to its median. */
  readonly spread: number;
}

/** A figure of starting or of size; less is better. */
export type FootprintFigure = readonly [name: string, value: number, unit: string, goal: number];

/** The middle one; of an even number, the upper one of the middle two. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** With the digits that say something. */
export function medians(rounds: readonly Figures[]): Figures {
  const of = (figure: keyof Figures) => Number(median(rounds.map((round) => round[figure])).toPrecision(4));
  return { 'calls/s': of('calls/s'), CPU: of('CPU'), p50: of('p50'), p99: of('p99') };
}

/** Difference of the largest and the smallest, relative to the median. */
export const spreadOf = (values: readonly number[]): number =>
  (Math.max(...values) - Math.min(...values)) / median(values);
