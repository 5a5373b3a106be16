import DataLoader from 'dataloader';
import { type Call, currentCall, runForCall, runForNoCall } from '../call/call.js';
import { CallEnded } from '../call/call-ended.js';
import { SharedCall } from '../call/shared-call.js';

/** When those who come gather for a later statement: while so many are under way, and no longer than this. */
export interface Gather {
  readonly atOnce: number;
  readonly forMs: number;
}

interface Gathering {
  readonly dispatch: () => void;
  readonly timer: NodeJS.Timeout;
}

interface Share<Given> {
  readonly given: Given;
  readonly call: Call | undefined;
}

/**
 * One statement for all who ask for the same kind of thing within one turn of the event loop. Nothing is kept: no answer
 * is older than what it was asked for. Who belongs to a call that has ended has no share.
 */
export class SharedStatement<Given, Answer> {
  /** Shares that have no answer yet. */
  #open = 0;
  /** How many the last statement was for. */
  #met = 0;
  /** Statements that are under way, or about to be. */
  #running = 0;
  /** What gathers until fewer are. */
  readonly #gathering: Gathering[] = [];
  readonly #loader: DataLoader<Share<Given>, Answer>;

  /** @param runFor answers each, in the order that they are given in */
  constructor(
    runFor: (all: readonly Given[]) => Promise<readonly Answer[]>,
    private readonly gather?: Gather,
  ) {
    this.#loader = new DataLoader<Share<Given>, Answer>(
      async (shares) => {
        this.#met = shares.length;
        const waiting = shares.filter(({ call }) => !call?.ended);
        const given = waiting.map((share) => share.given);
        let answers: readonly Answer[] = [];
        try {
          if (given.length > 0) answers = await runForAll(waiting, async () => runFor(given));
        } finally {
          this.#open -= shares.length;
          this.#running--;
          // More may be under way after a standstill: then each that ends makes room for none.
          const [next] = this.#gathering;
          if (next && this.#hasRoom()) this.#dispatch(next);
        }
        if (given.length === shares.length) return answers;
        const answerOf = new Map(waiting.map((share, place) => [share, answers[place] as Answer]));
        return shares.map((share) =>
          share.call && !answerOf.has(share) ? new CallEnded(share.call) : (answerOf.get(share) as Answer),
        );
      },
      {
        cache: false,
        // Bounds one statement. No setting: about as many calls meet here as MAX_CALLS_IN_FLIGHT lets in on both ports.
        maxBatchSize: 500,
        batchScheduleFn: (dispatch) => this.#schedule(dispatch),
      },
    );
  }

  #schedule(dispatch: () => void): void {
    if (!this.gather || this.#hasRoom()) {
      this.#begin(dispatch);
      return;
    }
    const gathering: Gathering = {
      dispatch,
      timer: setTimeout(() => this.#dispatch(gathering), this.gather.forMs),
    };
    this.#gathering.push(gathering);
  }

  #hasRoom(): boolean {
    return this.#running < (this.gather?.atOnce ?? Number.POSITIVE_INFINITY);
  }

  #dispatch(gathering: Gathering): void {
    clearTimeout(gathering.timer);
    this.#gathering.splice(this.#gathering.indexOf(gathering), 1);
    this.#begin(gathering.dispatch);
  }

  /**
   * At the end of this turn: Node drains its ticks after each HTTP/2 event, so that a tick would end the batch with the
   * first call. Who is alone, as the one before was, does not even wait for that (measured: 3 % of a lone read's time; to
   * take nothing but #open into account costs 64 callers 9 % of their CPU).
   */
  #begin(dispatch: () => void): void {
    this.#running++;
    if (this.#open === 1 && this.#met === 1) queueMicrotask(dispatch);
    else setImmediate(dispatch);
  }

  run(given: Given): Promise<Answer> {
    this.#open++;
    return this.#loader.load({ given, call: currentCall() });
  }
}

/** Runs what these wait for: it ends with the last of their calls, and not with one of them. */
function runForAll<T>(waiting: readonly Share<unknown>[], run: () => Promise<T>): Promise<T> {
  const calls: Call[] = [];
  for (const { call } of waiting) {
    if (!call) return runForNoCall(run);
    calls.push(call);
  }
  const [first, ...others] = calls;
  if (!first) return runForNoCall(run);
  return runForCall(others.length > 0 ? new SharedCall([first, ...others]) : first, run);
}
