import type { Action } from './operation.js';

/** An author as the contract has it, one call at a time: there or gone, and with which books. */
export interface AuthorState {
  readonly exists: boolean;
  /** Titles, in order. */
  readonly books: readonly string[];
}

export const NEW_AUTHOR: AuthorState = { exists: true, books: [] };

const GONE: AuthorState = { exists: false, books: [] };

/** The author after this action, taken in `state`; none when it cannot have been answered as it was. */
export function stateAfter(state: AuthorState, action: Action): AuthorState | undefined {
  switch (action.kind) {
    case 'create-book': {
      if (action.answer === 'no author' || !state.exists) {
        return onlyIf(!state.exists && action.answer !== 'created', state);
      }
      return { exists: true, books: [...state.books, action.book].sort() };
    }
    case 'delete-book': {
      const there = state.books.includes(action.book);
      if (action.answer === 'no book') return onlyIf(!there, state);
      const without = { exists: state.exists, books: state.books.filter((book) => book !== action.book) };
      return onlyIf(there || action.answer === 'unknown', without);
    }
    case 'get-book':
      return onlyIf(state.books.includes(action.book) === (action.answer === 'found'), state);
    case 'list-books':
      if (action.answer === 'no author') return onlyIf(!state.exists, state);
      return onlyIf(state.exists && sameBooks(action.answer, state.books), state);
    case 'delete-author':
      return afterDeletion(state, action.force, action.answer);
  }
}

type DeletionAnswer = Extract<Action, { kind: 'delete-author' }>['answer'];

function afterDeletion(state: AuthorState, force: boolean, answer: DeletionAnswer): AuthorState | undefined {
  // Of concurrent deletions each may answer that it is done.
  if (!state.exists) return onlyIf(typeof answer !== 'number', state);
  const refused = !force && state.books.length > 0;
  if (answer === 'unknown') return refused ? state : GONE;
  if (answer === 'deleted') return onlyIf(!refused, GONE);
  return onlyIf(refused && answer === state.books.length, state);
}

const onlyIf = (possible: boolean, state: AuthorState): AuthorState | undefined => (possible ? state : undefined);

const sameBooks = (answer: readonly string[], books: readonly string[]): boolean =>
  answer.length === books.length && [...answer].sort().every((book, index) => book === books[index]);
