import type pg from 'pg';
import { throwIfEnded } from '../call/call-ended.js';
import { answerLost } from './database-errors.js';
import type { Prepared } from './statement.js';

/**
 * Runs a statement of the transaction.
 *
 * @throws CallEnded before it is sent, when nobody waits for its call any more
 */
export type Run = <T>(statement: Prepared<T>, ...values: readonly unknown[]) => Promise<T[]>;

/**
 * Runs statements on one connection as one transaction, at READ COMMITTED: each sees what was committed before it began.
 * It is rolled back where `work` throws, or where its call has ended before the commit.
 */
export async function transaction<T>(pool: pg.Pool, work: (run: Run) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks fails the next statement; unheard, the event would end the process.
  const ignore = () => {};
  client.on('error', ignore);
  let broken = false;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work((statement, ...values) => {
      throwIfEnded();
      return statement(client, ...values);
    });
    throwIfEnded();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    broken = !(await rollBack(client, error));
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

/** Whether the connection is fit for others again. One that did not answer is not asked: its end rolls back as well. */
async function rollBack(client: pg.PoolClient, error: unknown): Promise<boolean> {
  if (answerLost(error)) return false;
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}
