import pg from 'pg';
import { SandboxError } from '../sandbox-error.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** A batch takes milliseconds. A frozen database never answers. */
const STATEMENT_TIMEOUT_MS = 10_000;

export type CheckedDatabase = Awaited<ReturnType<typeof connect>>;

/**
 * Opens one connection to one of the two databases.
 *
 * @throws SandboxError as `query` does, when the database cannot be reached or the statement fails
 */
export async function connect(name: string, url: string, { readOnly }: { readOnly: boolean }) {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'fsck',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1000,
    options: `-c default_transaction_read_only=${readOnly}`,
  });
  // A broken connection also fails the next query; an unhandled event would end the process.
  client.on('error', () => {});
  const fail = (error: NodeJS.ErrnoException): never => {
    throw new SandboxError(`the ${name} database: ${error.message || error.code}`, { cause: error });
  };
  await client.connect().catch(fail);
  return {
    query: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> =>
      (await client.query<Row>(sql, values).catch(fail)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}
