import DataLoader from 'dataloader';
import { type Call, CallEnded, currentCall, runForCall, runForNoCall } from '../call/call.js';
import { SharedCall } from '../call/shared-call.js';

interface Read {
  readonly id: string;
  readonly call: Call | undefined;
}

/**
 * Reads by id that share a query with those that meet them within one turn of the event loop. Nothing is kept: no
 * answer is older than its read. A read whose call has ended asks for nothing.
 */
export class BatchedReads<T extends { readonly id: string }> {
  /** Reads that have no answer yet. */
  #open = 0;
  /** How many shared the last query. */
  #met = 0;
  readonly #loader: DataLoader<Read, T | undefined>;

  /** @param readAll finds what it can of these ids, in any order */
  constructor(readAll: (ids: readonly string[]) => Promise<readonly T[]>) {
    this.#loader = new DataLoader<Read, T | undefined>(
      async (reads) => {
        this.#met = reads.length;
        const ids = new Set<string>();
        const calls: Call[] = [];
        let callless = false;
        for (const { id, call } of reads) {
          if (call?.ended) continue;
          ids.add(id);
          if (call) calls.push(call);
          else callless = true;
        }
        const found = new Map<string, T>();
        const query = async () => {
          for (const row of await readAll([...ids])) found.set(row.id, row);
        };
        try {
          if (ids.size > 0) await (callless ? runForNoCall(query) : runForAll(calls, query));
        } finally {
          this.#open -= reads.length;
        }
        return reads.map(({ id, call }) => (call && !ids.has(id) ? new CallEnded(call) : found.get(id)));
      },
      {
        cache: false,
        // Bounds one statement. No setting: about as many calls meet here as MAX_CALLS_IN_FLIGHT lets in on both ports.
        maxBatchSize: 500,
        // At the end of this turn: Node drains its ticks after each HTTP/2 event, so that a tick would end the batch with
        // the first call. Who is alone, as the one before was, does not even wait for that (measured: 3 % of a lone read's
        // time; to take nothing but #open into account costs 64 callers 9 % of their CPU).
        batchScheduleFn: (dispatch) =>
          this.#open === 1 && this.#met === 1 ? queueMicrotask(dispatch) : setImmediate(dispatch),
      },
    );
  }

  read(id: string): Promise<T | undefined> {
    this.#open++;
    return this.#loader.load({ id, call: currentCall() });
  }
}

/** Runs a query for these calls: it ends with the last of them, and not with one of them. */
function runForAll<T>([first, ...others]: readonly Call[], query: () => Promise<T>): Promise<T> {
  if (first === undefined) return runForNoCall(query);
  return runForCall(others.length > 0 ? new SharedCall([first, ...others]) : first, query);
}
