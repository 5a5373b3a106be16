import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { sqlState } from './database-errors.js';

/** The most prepared statements of one connection: statements made at run time must not fill the database's memory. */
const MAX_PREPARED = 500;

/** SQLSTATEs of a prepared statement that fails for ever: a column that it returns has another type, or it is gone. */
const OUTDATED = ['0A000', '26000'];

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

/** Prisma's adapter with prepared statements. One that a migration has made useless is prepared anew, by another name. */
export class PreparedStatementsAdapter extends PrismaPg {
  readonly #names: Map<string, string>;

  constructor(pool: Pool) {
    const names = new Map<string, string>();
    let made = 0;
    const statementNameGenerator = ({ sql }: { sql: string }) => {
      const known = names.get(sql);
      if (known !== undefined) return known;
      if (made >= MAX_PREPARED) return ''; // not prepared
      const name = `prisma_${made++}`;
      names.set(sql, name);
      return name;
    };
    super(pool, { statementNameGenerator });
    this.#names = names;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    const query = adapter.queryRaw.bind(adapter);
    // It was refused before it ran, so that it may run again.
    adapter.queryRaw = (statement) =>
      query(statement).catch((error) => {
        this.#forget(statement.sql, error);
        return query(statement);
      });
    const begin = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (isolationLevel) => {
      const transaction = await begin(isolationLevel);
      const queryWithin = transaction.queryRaw.bind(transaction);
      // The transaction has failed with it. The next one finds the statement prepared anew.
      transaction.queryRaw = (statement) =>
        queryWithin(statement).catch((error) => {
          this.#forget(statement.sql, error);
          throw error;
        });
      return transaction;
    };
    return adapter;
  }

  /** @throws the error, unless it says that the statement is outdated */
  #forget(sql: string, error: unknown): void {
    if (!OUTDATED.includes(sqlState(error) ?? '')) throw error;
    this.#names.delete(sql);
  }
}
