import type { Finding } from './row.js';

export interface RowReport {
  readonly row: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** A Markdown table of what was promised and what was seen. */
export function asTable(reports: readonly RowReport[]): string {
  const lines = reports.flatMap(({ row, findings }) =>
    findings.map(
      ({ fault, promise, measured, holds }) => `| ${row} | ${fault} | ${promise} | ${measured} | ${verdict(holds)} |`,
    ),
  );
  return ['| # | Fault | Promise | Measured | |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** Promises that do not hold; those of time are left out where only the others count. */
export const broken = (reports: readonly RowReport[], untimed: boolean): number =>
  reports.flatMap(({ findings }) => findings).filter(({ holds, timed }) => holds === false && !(untimed && timed))
    .length;

function verdict(holds: boolean | undefined): string {
  if (holds === undefined) return 'not promised';
  return holds ? 'holds' : 'DOES NOT HOLD';
}
