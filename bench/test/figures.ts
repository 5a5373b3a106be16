import type { Figures, OperationResult } from '../src/report/results.js';

const NONE: Figures = { callsPerSecond: 1, p50: 1, p99: 1, cpuPerCall: 1, databaseCpuPerCall: 1, memory: 1 };

/** Only what decides is stated. */
export const figures = (those: Partial<Figures> = {}): Figures => ({ ...NONE, ...those });

export const operation = (those: Partial<OperationResult>): OperationResult => ({
  ...{ name: 'GetBook', medians: {}, verdicts: [] },
  ...those,
});
