import { type AuthorState, NEW_AUTHOR, stateAfter } from './author-model.js';
import type { Operation } from './operation.js';

/** Larger ones have too many orders to look through. */
const LONGEST_HISTORY = 200;

/**
 * Whether a concurrent history of calls about one author could have come from calls one at a time: whether there is an
 * order of all of them in which no call comes before one that had ended when it began, and each is answered as the
 * contract says. Calls without an end may be left out of it.
 *
 * Depth first, one call that nothing precedes at a time, as Wing and Gong have it; what has been tried with the same
 * calls done and the same state is not tried again, as Lowe has it.
 *
 * @see https://doi.org/10.1006/jpdc.1993.1015
 * @see https://doi.org/10.1002/cpe.3928
 */
export function isLinearizable(history: readonly Operation[], initial: AuthorState = NEW_AUTHOR): boolean {
  if (history.length > LONGEST_HISTORY) throw new Error(`a history of ${history.length} calls is too long to check`);
  const operations = [...history].sort((a, b) => a.begin - b.begin);
  const answered = operations.filter(({ end }) => Number.isFinite(end)).length;
  const done = operations.map(() => false);
  const tried = new Set<string>();

  const search = (state: AuthorState, left: number): boolean => {
    if (left === 0) return true;
    const key = `${done.map(Number).join('')} ${state.exists} ${state.books.join()}`;
    if (tried.has(key)) return false;
    tried.add(key);
    for (const index of candidates(operations, done)) {
      const operation = operations[index] as Operation;
      const next = stateAfter(state, operation.action);
      if (next === undefined) continue;
      done[index] = true;
      if (search(next, left - Number(Number.isFinite(operation.end)))) return true;
      done[index] = false;
    }
    return false;
  };
  return search(initial, answered);
}

/** Calls that no other one, still to be placed, had ended before. */
function* candidates(operations: readonly Operation[], done: readonly boolean[]): Generator<number> {
  let firstEnd = Number.POSITIVE_INFINITY;
  for (const [index, { end }] of operations.entries()) if (!done[index]) firstEnd = Math.min(firstEnd, end);
  for (const [index, { begin }] of operations.entries()) {
    if (begin > firstEnd) return;
    if (!done[index]) yield index;
  }
}
