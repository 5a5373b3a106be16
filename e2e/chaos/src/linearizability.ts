/** `no` means: there is no such author, or no such book. A call without an answer is `unknown`. */
export type Answer = 'ok' | 'no' | 'unknown';

/**
 * What was called about one author, and the answer. Each title is used once, so that a book is known by its title also
 * where the answer with its id is lost.
 */
export type Action =
  | { readonly kind: 'create-book' | 'delete-book' | 'get-book'; readonly book: string; readonly answer: Answer }
  | { readonly kind: 'get-author'; readonly answer: Answer }
  | { readonly kind: 'list-books'; readonly answer: readonly string[] | Exclude<Answer, 'ok'> }
  /** A number is the count of books for which a deletion was refused. */
  | { readonly kind: 'delete-author'; readonly force: boolean; readonly answer: Answer | number };

/**
 * A call of a concurrent history. `begin` and `end` are positions in the one sequence of all beginnings and ends. A call
 * without an answer has the end Infinity: it may take effect at any time after its beginning, or never.
 */
export interface Operation {
  readonly action: Action;
  readonly begin: number;
  readonly end: number;
}

/** An author by the contract, one call at a time. */
interface State {
  readonly exists: boolean;
  /** Titles, sorted. */
  readonly books: readonly string[];
}

const GONE: State = { exists: false, books: [] };

/**
 * Whether one order of all calls, one at a time, explains every answer of a history that begins with a new author. In
 * that order no call comes before another one that had ended when it began. Calls without an answer may be left out.
 *
 * Searches depth first (Wing and Gong), and no set of placed calls twice with the same state (Lowe).
 *
 * @see https://doi.org/10.1006/jpdc.1993.1015
 * @see https://doi.org/10.1002/cpe.3928
 */
export function isLinearizable(history: readonly Operation[]): boolean {
  const operations = [...history].sort((a, b) => a.begin - b.begin);
  const isPlaced = operations.map(() => false);
  const searched = new Set<string>();

  const search = (state: State, answersLeft: number): boolean => {
    if (answersLeft === 0) return true;
    const key = `${isPlaced.map(Number).join('')} ${state.exists} ${state.books.join()}`;
    if (searched.has(key)) return false;
    searched.add(key);
    const firstEnd = Math.min(...operations.filter((_, index) => !isPlaced[index]).map(({ end }) => end));
    for (const [index, { action, begin, end }] of operations.entries()) {
      if (begin > firstEnd) break;
      const next = isPlaced[index] ? undefined : stateAfter(state, action);
      if (!next) continue;
      isPlaced[index] = true;
      if (search(next, Number.isFinite(end) ? answersLeft - 1 : answersLeft)) return true;
      isPlaced[index] = false;
    }
    return false;
  };
  const answers = operations.filter(({ end }) => Number.isFinite(end)).length;
  return search({ exists: true, books: [] }, answers);
}

/** The author after an action; undefined when the action cannot have had its answer in this state. */
function stateAfter(state: State, action: Action): State | undefined {
  const { exists, books } = state;
  const { kind, answer } = action;
  const isPossible = (possible: Answer | number) => answer === possible || answer === 'unknown';
  const nextIf = (possible: Answer | number, next = state) => (isPossible(possible) ? next : undefined);
  switch (kind) {
    case 'create-book':
      return exists ? nextIf('ok', { exists, books: [...books, action.book].sort() }) : nextIf('no');
    case 'delete-book': {
      const left = books.filter((book) => book !== action.book);
      return left.length < books.length ? nextIf('ok', { exists, books: left }) : nextIf('no');
    }
    case 'get-book':
      return nextIf(books.includes(action.book) ? 'ok' : 'no');
    case 'get-author':
      return nextIf(exists ? 'ok' : 'no');
    case 'list-books':
      if (typeof answer === 'string') return exists ? nextIf('ok') : nextIf('no');
      return exists && [...answer].sort().join('\n') === books.join('\n') ? state : undefined;
    case 'delete-author':
      // Of concurrent deletions, each may answer OK.
      if (!exists) return typeof answer === 'number' ? undefined : state;
      return books.length > 0 && !action.force ? nextIf(books.length) : nextIf('ok', GONE);
  }
}
