import { SharedStatement } from './shared-statement.js';

/** Reads by id that share a query with those that meet them within one turn of the event loop. */
export class BatchedReads<T extends { readonly id: string }> {
  readonly #query: SharedStatement<string, T | undefined>;

  /** @param readAll finds what it can of these ids, in any order */
  constructor(readAll: (ids: readonly string[]) => Promise<readonly T[]>) {
    this.#query = new SharedStatement(async (ids) => {
      const found = new Map<string, T>();
      for (const row of await readAll([...new Set(ids)])) found.set(row.id, row);
      return ids.map((id) => found.get(id));
    });
  }

  read(id: string): Promise<T | undefined> {
    return this.#query.run(id);
  }
}
