import pg from 'pg';
import { TIMESTAMPTZ, toRfc3339 } from './rfc3339.js';

const getTypeParser = ((oid: number, format?: 'text') =>
  oid === TIMESTAMPTZ ? toRfc3339 : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser;
const types = { getTypeParser };

/** A statement with its values, on the connection or the pool that it is given. */
export type Prepared<T> = (on: pg.Pool | pg.PoolClient, ...values: readonly unknown[]) => Promise<T[]>;

/**
 * A statement whose price counts, sent by the driver itself. It is named: parsed and planned once for each connection.
 * Its time-outs, and what its errors become, are those of every other statement. A time is read as the contract has it,
 * RFC 3339 in UTC with milliseconds.
 *
 * @param name one for each text
 */
export function prepared<T extends pg.QueryResultRow>(name: string, text: string): Prepared<T> {
  return async (on, ...values) => {
    const { rows } = await on.query<T, unknown[]>({ name, text, values: [...values], types });
    return rows;
  };
}

/** The same, on the pool that Prisma uses, too. */
export function statement<T extends pg.QueryResultRow>(pool: pg.Pool, name: string, text: string) {
  const run = prepared<T>(name, text);
  return (...values: readonly unknown[]): Promise<T[]> => run(pool, ...values);
}
