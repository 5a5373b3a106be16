import type pg from 'pg';
import { answerLost, sqlState } from './database-errors.js';
import { type Gather, SharedStatement } from './shared-statement.js';
import { statement } from './statement.js';

/**
 * Without it each write would find the database free, and be alone. Statements take a few ms under load; while the
 * database stands still, a write may not wait for those that were sent before.
 */
const GATHER: Gather = { atOnce: 2, forMs: 20 };

/**
 * Writes of one row each that share a statement, and its commit, with those that come while others are under way. The
 * statement does what nothing stands in the way of, waits for no lock of a row, and tells of what it did. What it did
 * nothing for is left to a statement of its own, and so are all where the database refuses one of them: no write
 * is refused for another, nor held up by the lock of a row that another one needs. A value that is to be unique is waited
 * for while another statement writes it: a statement inserts in the order of such values, so that no two wait for each other.
 */
export class SharedWrite<Row extends object, Written extends pg.QueryResultRow> {
  readonly #statement: SharedStatement<Row, Written | undefined>;

  /**
   * @param text takes rows as one JSON array, each with its `place` in it, and returns the `place` of each that it wrote
   */
  constructor(pool: pg.Pool, name: string, text: string) {
    const write = statement<Written & { place: number }>(pool, name, text);
    this.#statement = new SharedStatement<Row, Written | undefined>(async (rows) => {
      const written: (Written | undefined)[] = rows.map(() => undefined);
      try {
        const done = await write(JSON.stringify(rows.map((row, place) => ({ place, ...row }))));
        for (const { place, ...row } of done) written[place] = row as unknown as Written;
      } catch (error) {
        // Refused, and so nothing is written. Where no answer came nobody knows, and nobody may try again.
        if (sqlState(error) === undefined || answerLost(error)) throw error;
      }
      return written;
    }, GATHER);
  }

  /** None where the row has to be written by a statement of its own. */
  try(row: Row): Promise<Written | undefined> {
    return this.#statement.run(row);
  }
}
