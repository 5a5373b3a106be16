import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { sqlState } from './database-errors.js';

/** The most prepared statements of one connection: statements made at run time must not fill the database's memory. */
const MAX_PREPARED = 500;

/** SQLSTATEs of a prepared statement that fails for ever: a column has another type since, or the statement is gone. */
const OUTDATED = ['0A000', '42883', '26000'];

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;
type Statements = Pick<Adapter, 'queryRaw' | 'executeRaw'>;
type Statement = Parameters<Adapter['queryRaw']>[0];
type IsolationLevel = Parameters<Adapter['startTransaction']>[0];
type Guard = <Result>(run: (statement: Statement) => Promise<Result>) => (statement: Statement) => Promise<Result>;

/** Prisma's adapter with prepared statements. One that a migration has made useless is prepared anew, by another name. */
export class PreparedStatementsAdapter extends PrismaPg {
  readonly #names: Map<string, string>;

  constructor(pool: Pool) {
    const names = new Map<string, string>();
    let made = 0;
    const statementNameGenerator = ({ sql }: { sql: string }) => {
      const known = names.get(sql);
      if (known !== undefined) return known;
      if (names.size >= MAX_PREPARED) return ''; // not prepared
      const name = `prisma_${made++}`;
      names.set(sql, name);
      return name;
    };
    super(pool, { statementNameGenerator });
    this.#names = names;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    // It was refused before it ran, so that it may run again.
    const retried: Guard = (run) => (statement) =>
      run(statement).catch((error) => {
        this.#forget(statement.sql, error);
        return run(statement);
      });
    // The transaction has failed with it: the next one finds the statement prepared anew.
    const forgotten: Guard = (run) => (statement) =>
      run(statement).catch((error) => {
        this.#forget(statement.sql, error);
        throw error;
      });
    return Object.assign(guarded(adapter, retried), {
      startTransaction: async (isolationLevel?: IsolationLevel) =>
        guarded(await adapter.startTransaction(isolationLevel), forgotten),
    });
  }

  /** @throws the error, unless it says that the statement is outdated */
  #forget(sql: string, error: unknown): void {
    if (!OUTDATED.includes(sqlState(error) ?? '')) throw error;
    this.#names.delete(sql);
  }
}

/** The same, but for these two. */
const guarded = <Guarded extends Statements>(inner: Guarded, by: Guard): Guarded =>
  Object.assign(Object.create(inner) as Guarded, {
    queryRaw: by(inner.queryRaw.bind(inner)),
    executeRaw: by(inner.executeRaw.bind(inner)),
  });
