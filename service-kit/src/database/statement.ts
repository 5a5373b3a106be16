import type pg from 'pg';

/**
 * A statement whose price counts, sent by the driver itself on the pool that Prisma uses, too. It is named: parsed and planned
 * once for each connection. Its time-outs, and what its errors become, are those of every other statement.
 *
 * @param name one for each text
 */
export function statement<T extends pg.QueryResultRow>(pool: pg.Pool, name: string, text: string) {
  return async (...values: readonly unknown[]): Promise<T[]> => {
    const { rows } = await pool.query<T, unknown[]>({ name, text, values: [...values] });
    return rows;
  };
}
