import { EmbeddedBookstore } from './bookstore/embedded-bookstore.js';
import type { RowReport } from './report.js';
import type { Lab, Row, Scale } from './row.js';

export interface RunOptions {
  readonly scale: Scale;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Runs these rows, one after the other. A row that cannot be run to its end is a promise that does not hold. */
export async function runRows(rows: readonly Row[], { scale, seed, say }: RunOptions): Promise<RowReport[]> {
  const reports: RowReport[] = [];
  for (const row of rows) {
    const startedAt = performance.now();
    const lab: Lab = {
      ...{ scale, seed, say },
      start: async (options = {}) => {
        const bookstore = await EmbeddedBookstore.start(options);
        say(`row ${row.number}: a bookstore serves`);
        return bookstore;
      },
    };
    const findings = await row.run(lab).catch((error: Error) => {
      say(error.stack ?? error.message);
      return [{ fault: 'see the log', promise: 'the row can be run', measured: error.message, holds: false }];
    });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    for (const { promise, measured, holds } of findings) {
      say(`row ${row.number}: ${holds === false ? 'DOES NOT HOLD: ' : ''}${promise}: ${measured}`);
    }
    reports.push({ row: row.number, seconds, findings });
  }
  return reports;
}
