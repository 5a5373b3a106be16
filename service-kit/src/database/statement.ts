import type pg from 'pg';
import { StatementRun } from './statement-run.js';

/** A statement with its values, on the connection or the pool that it is given. */
export type Prepared<T> = (on: pg.Pool | pg.PoolClient, ...values: readonly unknown[]) => Promise<T[]>;

/** How pg takes runs of other makes than its own, which its declaration has without a callback. */
type Send<T> = (run: StatementRun<T>, none: undefined, callback: (error: unknown, rows: T[]) => void) => void;

/**
 * A statement whose price counts, sent by the driver itself. It is named: parsed and planned once for each connection.
 * Its time-outs, and what its errors become, are those of every other statement. A time is read as the contract has it,
 * RFC 3339 in UTC with milliseconds.
 *
 * @param name one for each text
 */
export function prepared<T>(name: string, text: string): Prepared<T> {
  return async (on, ...values) => {
    const run = new StatementRun<T>(name, text, values);
    const send = on.query as unknown as Send<T>;
    try {
      return await new Promise<T[]>((resolve, reject) => {
        send.call(on, run, undefined, (error, rows) => (error ? reject(error) : resolve(rows)));
      });
    } catch (error) {
      // As pg does: the socket that it came in by explains nothing.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  };
}

/** The same, on the pool that Prisma uses, too. */
export function statement<T>(pool: pg.Pool, name: string, text: string) {
  const run = prepared<T>(name, text);
  return (...values: readonly unknown[]): Promise<T[]> => run(pool, ...values);
}
