import pg from 'pg';
import { TIMESTAMPTZ, toRfc3339 } from './rfc3339.js';

const getTypeParser = ((oid: number, format?: 'text') =>
  oid === TIMESTAMPTZ ? toRfc3339 : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser;

/**
 * A statement whose price counts, sent by the driver itself on the pool that Prisma uses, too. It is named: parsed and
 * planned once for each connection. Its time-outs, and what its errors become, are those of every other statement. A time
 * is read as the contract has it, RFC 3339 in UTC with milliseconds.
 *
 * @param name one for each text
 */
export function statement<T extends pg.QueryResultRow>(pool: pg.Pool, name: string, text: string) {
  const types = { getTypeParser };
  return async (...values: readonly unknown[]): Promise<T[]> => {
    const { rows } = await pool.query<T, unknown[]>({ name, text, values: [...values], types });
    return rows;
  };
}
