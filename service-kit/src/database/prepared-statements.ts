import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { sqlState } from './database-errors.js';

/** The most prepared statements of one connection. */
const MAX_PREPARED = 500;
/** SQLSTATEs of a prepared statement that fails until it is prepared again: the type of a column has changed. */
const OUTDATED = ['0A000', '42883', '26000'];

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;
type Statements = Pick<Adapter, 'queryRaw' | 'executeRaw'>;
type Statement = Parameters<Adapter['queryRaw']>[0];

/** Prisma's adapter with prepared statements. One that a migration made useless is prepared again by another name. */
export class PreparedStatementsAdapter extends PrismaPg {
  readonly #names: Map<string, string>;

  constructor(pool: Pool) {
    const names = new Map<string, string>();
    let count = 0;
    const statementNameGenerator = ({ sql }: { sql: string }) => {
      if (!names.has(sql) && names.size < MAX_PREPARED) names.set(sql, `prisma_${count++}`);
      return names.get(sql) ?? ''; // without a name it is not prepared
    };
    super(pool, { statementNameGenerator });
    this.#names = names;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    const startTransaction = async (isolationLevel?: Parameters<Adapter['startTransaction']>[0]) =>
      this.#renewing(await adapter.startTransaction(isolationLevel), false);
    return Object.assign(this.#renewing(adapter, true), { startTransaction });
  }

  /** @param again runs a refused statement again, which a transaction cannot: it has failed with the statement */
  #renewing<Inner extends Statements>(inner: Inner, again: boolean): Inner {
    const run =
      <Result>(execute: (statement: Statement) => Promise<Result>) =>
      (statement: Statement) =>
        execute(statement).catch((error) => {
          if (!OUTDATED.includes(sqlState(error) ?? '')) throw error;
          this.#names.delete(statement.sql);
          if (!again) throw error;
          return execute(statement);
        });
    return Object.assign(Object.create(inner), {
      queryRaw: run(inner.queryRaw.bind(inner)),
      executeRaw: run(inner.executeRaw.bind(inner)),
    });
  }
}
