import DataLoader from 'dataloader';
import { type Call, CallEnded, currentCall, runForNoCall } from '../call/call.js';

interface Read {
  readonly id: string;
  readonly call: Call | undefined;
}

/**
 * Reads by id that share a query with those that meet them within one turn of the event loop. Nothing is kept: no
 * answer is older than its read. A read whose call has ended asks for nothing.
 */
export class BatchedReads<T extends { readonly id: string }> {
  readonly #loader: DataLoader<Read, T | undefined>;

  /** @param readAll finds what it can of these ids, in any order */
  constructor(readAll: (ids: readonly string[]) => Promise<readonly T[]>) {
    this.#loader = new DataLoader<Read, T | undefined>(
      async (reads) => {
        const ids = new Set(reads.filter(({ call }) => !call?.ended).map(({ id }) => id));
        // For no call in particular, so that the batch does not end with one of those who share it.
        const found = ids.size > 0 ? await runForNoCall(() => readAll([...ids])) : [];
        const byId = new Map(found.map((row) => [row.id, row]));
        return reads.map(({ id }) => (ids.has(id) ? byId.get(id) : new CallEnded()));
      },
      {
        cache: false,
        maxBatchSize: 500,
        // At the end of this turn: Node drains its ticks after each HTTP/2 event, so that a tick would end the batch with
        // the first call. A lone call waits for nothing.
        batchScheduleFn: (dispatch) => setImmediate(dispatch),
      },
    );
  }

  read(id: string): Promise<T | undefined> {
    return this.#loader.load({ id, call: currentCall() });
  }
}
