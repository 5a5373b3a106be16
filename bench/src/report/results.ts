import type { PartName } from '../arguments.js';

/** One contender's figures of one round, or their medians. */
export interface Figures {
  readonly callsPerSecond: number;
  /** Latencies, ms. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the measured service for each call, ms. */
  readonly cpuPerCall: number;
  /** CPU time of PostgreSQL for each call, ms. */
  readonly databaseCpuPerCall: number;
  /** The most memory that the service had resident, MiB. */
  readonly memory: number;
}

export interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A figure, and what it should be; without bounds it is there to be known. */
export interface Check extends Bounds {
  readonly name: string;
  readonly measured: number;
  readonly unit: string;
}

/** The bookstore's median divided by a peer's, and what it should be. */
export interface Verdict extends Bounds {
  readonly of: keyof Figures;
  readonly against: string;
  readonly ratio: number;
}

export interface OperationResult {
  readonly name: string;
  readonly medians: Readonly<Record<string, Figures>>;
  readonly verdicts: readonly Verdict[];
  /** Difference of the best and the worst round's throughput, relative to the median; the largest of all contenders. */
  readonly spread?: number;
  /** Why there are no figures. */
  readonly failed?: string;
}

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGiB: number;
  /** Version that ran the contenders. */
  readonly node: string;
  /** Load average of the minute before. */
  readonly load: number;
}

/** What a part of a run came to. */
export interface PartFindings {
  readonly checks: readonly Check[];
  readonly operations?: readonly OperationResult[];
  /** How much was measured of what. */
  readonly conditions: string;
}

/** The same, and where it comes from. */
export interface PartResult extends PartFindings {
  readonly command: string;
  readonly machine: Machine;
  /** How long it took, s. */
  readonly seconds: number;
}

export type Results = Readonly<Partial<Record<PartName, PartResult>>>;

/** Undefined where nothing is asked for. */
export function isMet(value: number, { atLeast, atMost }: Bounds): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined;
  // What could not be measured is not met; JSON keeps it as null.
  return (
    Number.isFinite(value) &&
    value >= (atLeast ?? Number.NEGATIVE_INFINITY) &&
    value <= (atMost ?? Number.POSITIVE_INFINITY)
  );
}
