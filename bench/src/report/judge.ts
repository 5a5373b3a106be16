import type { Bounds, Check, Figures, OperationResult, Verdict } from './results.js';

/** What the bookstore is to reach against another contender: a ratio of medians. */
export interface Goal extends Bounds {
  readonly of: keyof Figures;
  readonly against: string;
}

/** The name of the operation that tells whether a run can be believed. */
export const REFERENCE = 'GetAuthor, 64 in flight';

export function judge(goals: readonly Goal[], medians: OperationResult['medians']): Verdict[] {
  return goals.map(({ of, against, ...bounds }) => {
    const ratio = (medians.bookstore?.[of] ?? Number.NaN) / (medians[against]?.[of] ?? Number.NaN);
    return { of, against, ratio, ...bounds };
  });
}

/**
 * How the peers compare is known from before. A run with other ratios has measured something else, such as its own load
 * generator.
 */
export function validity(operations: readonly OperationResult[]): Check[] {
  const { medians } = operations.find(({ name }) => name === REFERENCE) ?? {};
  const ratio = (one: string, other: string) =>
    (medians?.[one]?.callsPerSecond ?? Number.NaN) / (medians?.[other]?.callsPerSecond ?? Number.NaN);
  return [
    {
      name: 'echo ÷ pg in calls/s: the run is valid',
      measured: ratio('echo', 'pg'),
      unit: '×',
      atLeast: 1.4,
      atMost: 2.2,
    },
    { name: 'pg ÷ nest-prisma in calls/s', measured: ratio('pg', 'nest-prisma'), unit: '×' },
  ];
}
