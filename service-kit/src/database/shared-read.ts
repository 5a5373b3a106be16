import DataLoader from 'dataloader';
import { type Call, CallEnded, currentCall } from '../call/call.js';

/** The most keys of one query: as many as there are calls in flight on a listener by default. */
const MAX_KEYS = 256;

interface Read {
  readonly key: string;
  readonly call: Call | undefined;
}

/**
 * Reads by key that share one query with the reads of the same turn of the event loop. Nothing is cached: no answer is older
 * than the call that asked for it.
 */
export class SharedRead<Row> {
  readonly #loader: DataLoader<Read, Row | undefined>;

  /**
   * @param keyOf the key that a row was read by
   * @param readAll reads the rows with these keys, in any order; a key may be given more than once
   */
  constructor(keyOf: (row: Row) => string, readAll: (keys: string[]) => PromiseLike<readonly Row[]>) {
    this.#loader = new DataLoader<Read, Row | undefined>(
      async (reads) => {
        // Reads whose call has ended are dropped from the query.
        const ended = new Set(reads.filter(({ call }) => call?.ended));
        const keys = [...new Set(reads.filter((read) => !ended.has(read)).map(({ key }) => key))];
        const rows = keys.length === 0 ? [] : await readAll(padded(keys));
        const found = new Map(rows.map((row) => [keyOf(row), row]));
        return reads.map((read) => (read.call && ended.has(read) ? new CallEnded(read.call) : found.get(read.key)));
      },
      // grpc-js starts each call in a tick of its own: only the end of the turn has seen them all.
      { cache: false, maxBatchSize: MAX_KEYS, batchScheduleFn: (dispatch) => setImmediate(dispatch) },
    );
  }

  /** The row with this key, or undefined. */
  find(key: string): Promise<Row | undefined> {
    return this.#loader.load({ key, call: currentCall() });
  }
}

/** The next power of two keys, by repeating the last one: each length of an `IN` list is a prepared statement of its own. */
function padded(keys: string[]): string[] {
  const length = 2 ** Math.ceil(Math.log2(keys.length));
  return [...keys, ...new Array<string>(length - keys.length).fill(keys.at(-1) as string)];
}
