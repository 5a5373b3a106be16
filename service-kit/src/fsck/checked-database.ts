import pg from 'pg';
import { driverTimeout } from '../settings/timers.js';
import { FsckError } from './fsck-error.js';
import type { FsckLimits } from './fsck-settings.js';

/** By SQLSTATE, Node's code, or pg's own words where there is neither. */
const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'connection reset',
  '42P01': 'its tables are missing: is this the right database?',
  '57014': 'a statement took longer than FSCK_QUERY_TIMEOUT_MS',
  'Query read timeout': 'no answer to a statement within FSCK_QUERY_TIMEOUT_MS',
  'timeout expired': 'no connection within FSCK_CONNECT_TIMEOUT_MS',
};

/** One of the two databases, on one connection that cannot write unless a repair says so. */
export class CheckedDatabase implements AsyncDisposable {
  private constructor(
    private readonly name: string,
    private readonly client: pg.Client,
  ) {}

  /** @throws FsckError when it does not answer, or refuses */
  static async connect(name: string, url: string, limits: FsckLimits): Promise<CheckedDatabase> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'fsck',
      connectionTimeoutMillis: limits.FSCK_CONNECT_TIMEOUT_MS,
      query_timeout: driverTimeout(limits.FSCK_QUERY_TIMEOUT_MS),
      keepAlive: true,
    });
    // A connection that breaks fails the next query; unheard, the event would end the process without a word.
    client.on('error', () => {});
    const database = new CheckedDatabase(name, client);
    try {
      await client.connect();
      await client.query('SET default_transaction_read_only = on');
      // In place of the role's own, which is meant for calls.
      await client.query(`SET statement_timeout = ${limits.FSCK_QUERY_TIMEOUT_MS}`);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw database.explain(error);
    }
    return database;
  }

  /** The rows of one statement: what is committed by now. */
  async read<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    try {
      return (await this.client.query<Row>(sql, values)).rows;
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** How many rows one statement changed, or the SQLSTATE it failed with, when that is the one expected. */
  async change(sql: string, values: unknown[], expected?: string): Promise<number | string> {
    try {
      await this.client.query('BEGIN READ WRITE');
      const { rowCount } = await this.client.query(sql, values);
      await this.client.query('COMMIT');
      return rowCount ?? 0;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined || code !== expected) throw this.explain(error);
      await this.client.query('ROLLBACK');
      return code;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end().catch(() => {});
  }

  private explain(error: unknown): FsckError {
    const { code = '', message } = error as { code?: string; message: string };
    const reason = REASONS[code] ?? REASONS[message] ?? (message || code);
    return new FsckError(`the ${this.name} database cannot be checked: ${reason}`, { cause: error });
  }
}
