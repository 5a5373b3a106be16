import DataLoader from 'dataloader';
import { type Call, CallEnded, currentCall } from '../call/call.js';

/** The most keys of one query. */
const MAX_KEYS = 256;

/** Reads by key that share one query with the other reads of the same turn of the event loop. Nothing is cached. */
export class SharedRead<Row> {
  readonly #loader: DataLoader<{ readonly key: string; readonly call: Call | undefined }, Row | undefined>;

  /** @param readAll reads the rows with these keys, in any order; a key may come more than once */
  constructor(keyOf: (row: Row) => string, readAll: (keys: string[]) => PromiseLike<readonly Row[]>) {
    this.#loader = new DataLoader<{ readonly key: string; readonly call: Call | undefined }, Row | undefined>(
      async (reads) => {
        // Reads whose call has ended are dropped from the query.
        const ended = reads.map(({ call }) => (call?.ended ? new CallEnded(call) : undefined));
        const keys = [...new Set(reads.filter((_, index) => !ended[index]).map(({ key }) => key))];
        const rows = keys.length === 0 ? [] : await readAll(padded(keys));
        const found = new Map(rows.map((row) => [keyOf(row), row]));
        return reads.map(({ key }, index) => ended[index] ?? found.get(key));
      },
      // grpc-js starts each call in a tick of its own: setImmediate waits for all of them.
      { cache: false, maxBatchSize: MAX_KEYS, batchScheduleFn: (dispatch) => setImmediate(dispatch) },
    );
  }

  /** The row with this key, or undefined. */
  find(key: string): Promise<Row | undefined> {
    return this.#loader.load({ key, call: currentCall() });
  }
}

/** Repeats the last key up to a power of two: each length of an `IN` list is another prepared statement. */
function padded(keys: string[]): string[] {
  const length = 2 ** Math.ceil(Math.log2(keys.length));
  return [...keys, ...new Array<string>(length - keys.length).fill(keys.at(-1) as string)];
}
