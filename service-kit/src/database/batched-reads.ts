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
  readonly #loader: DataLoader<Read, T | undefined>;

  /** @param readAll finds what it can of these ids, in any order */
  constructor(readAll: (ids: readonly string[]) => Promise<readonly T[]>) {
    this.#loader = new DataLoader<Read, T | undefined>(
      async (reads) => {
        const wanted = reads.filter(({ call }) => !call?.ended);
        const ids = new Set(wanted.map(({ id }) => id));
        const found = ids.size > 0 ? await forAll(wanted, () => readAll([...ids])) : [];
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

/**
 * Runs a query for these reads: it ends with the last of their calls, and not with one of them. Awaited in here, since
 * Prisma begins a query only when somebody waits for it, in the context of that one.
 */
function forAll<T>(reads: readonly Read[], query: () => Promise<T>): Promise<T> {
  const run = async () => await query();
  const [first, ...others] = reads.flatMap(({ call }) => call ?? []);
  if (first === undefined || others.length + 1 < reads.length) return runForNoCall(run);
  return runForCall(others.length > 0 ? new SharedCall([first, ...others]) : first, run);
}
