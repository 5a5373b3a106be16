/** What one round of load came to, or the medians of all rounds. */
export interface Figures {
  readonly callsPerSecond: number;
  /** Latencies, ms. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the measured process for each call, ms; NaN where the system does not say. */
  readonly cpuPerCall: number;
}

/** By a column of the table: calls/s at least so many times the peer's, and of everything else at most. */
export type Goals = Readonly<Record<string, number>>;

export interface OperationResult {
  readonly name: string;
  readonly goals: Goals;
  /** By peer, the bookstore last. */
  readonly medians: Readonly<Record<string, Figures>>;
  /** Largest difference between two rounds of one peer in calls/s, relative to its median. */
  readonly spread: number;
  /** An open loop is compared by p99, and not by calls/s. */
  readonly openLoop: boolean;
}

/** A figure of starting or of size; less is better. */
export interface FootprintFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

/** Where figures come from. */
export interface Provenance {
  readonly date: string;
  /** Processor, memory, Node. */
  readonly machine: string;
  /** How much was measured. */
  readonly conditions: string;
}

export interface Results {
  readonly load?: Provenance & { readonly operations: readonly OperationResult[] };
  readonly footprint?: Provenance & { readonly figures: readonly FootprintFigure[] };
}

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

export function medians(rounds: readonly Figures[]): Figures {
  const of = (figure: keyof Figures) => median(rounds.map((round) => round[figure]));
  return { callsPerSecond: of('callsPerSecond'), p50: of('p50'), p99: of('p99'), cpuPerCall: of('cpuPerCall') };
}

/** Difference of the largest and the smallest, relative to the median. */
export const spreadOf = (values: readonly number[]): number =>
  (Math.max(...values) - Math.min(...values)) / median(values);
