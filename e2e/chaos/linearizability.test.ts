import { describe, expect, test } from 'vitest';
import { type Action, type Answer, isLinearizable, type Operation } from './src/linearizability.js';

const NEVER = Number.POSITIVE_INFINITY;
const at = (begin: number, end: number, action: Action): Operation => ({ begin, end, action });
const create = (answer: Answer): Action => ({ kind: 'create-book', book: 'A', answer });
const get = (answer: Answer): Action => ({ kind: 'get-book', book: 'A', answer });
const removeBook = (answer: Answer): Action => ({ kind: 'delete-book', book: 'A', answer });
const getAuthor = (answer: Answer): Action => ({ kind: 'get-author', answer });
const list = (answer: string[] | 'no'): Action => ({ kind: 'list-books', answer });
const remove = (answer: Answer | number, force = false): Action => ({ kind: 'delete-author', force, answer });

describe('histories that one call at a time could have made', () => {
  test.each<[string, Operation[]]>([
    ['nothing', []],
    ['a book, then its author refused', [at(0, 1, create('ok')), at(2, 3, remove(1))]],
    ['a book that comes first though it answers last', [at(0, 3, create('ok')), at(1, 2, remove(1))]],
    ['a book that comes too late', [at(0, 3, create('no')), at(1, 2, remove('ok'))]],
    ['an author who is shown until the deletion answers', [at(0, 3, remove('ok')), at(1, 2, getAuthor('ok'))]],
    ['a forced deletion over a concurrent book', [at(0, 3, create('ok')), at(1, 2, remove('ok', true))]],
    ['two deletions that are both done', [at(0, 3, remove('ok')), at(1, 2, remove('ok'))]],
    ['a lost create that is seen later', [at(0, NEVER, create('unknown')), at(2, 3, list(['A']))]],
    ['a lost create that never happened', [at(0, NEVER, create('unknown')), at(2, 3, remove('ok'))]],
    ['a lost create between two looks', [at(0, NEVER, create('unknown')), at(2, 3, list([])), at(4, 5, list(['A']))]],
    ['a lost deletion', [at(0, NEVER, remove('unknown')), at(2, 3, list([])), at(4, 5, create('no'))]],
    ['a lost removal of a book', [at(0, 1, create('ok')), at(2, NEVER, removeBook('unknown')), at(3, 4, get('no'))]],
  ])('%s', (_, history) => {
    expect(isLinearizable(history)).toBe(true);
  });
});

describe('histories that nothing explains', () => {
  test.each<[string, Operation[]]>([
    ['an orphan: a book beside a deletion that found none', [at(0, 3, create('ok')), at(1, 2, remove('ok'))]],
    ['a book of an author who was gone', [at(0, 1, remove('ok')), at(2, 3, create('ok'))]],
    ['a refusal although the author is there', [at(0, 1, create('no')), at(2, 3, list([]))]],
    ['a forgotten book', [at(0, 1, create('ok')), at(2, 3, list([]))]],
    ['a book that outlives its author', [at(0, 1, create('ok')), at(2, 3, remove('ok', true)), at(4, 5, get('ok'))]],
    ['a wrong count', [at(0, 1, create('ok')), at(2, 3, remove(2))]],
    ['a book removed twice', [at(0, 1, create('ok')), at(2, 3, removeBook('ok')), at(4, 5, removeBook('ok'))]],
    ['an author who is shown after the deletion', [at(0, 1, remove('ok')), at(2, 3, getAuthor('ok'))]],
    ['an author who is back', [at(0, NEVER, remove('unknown')), at(2, 3, list('no')), at(4, 5, list([]))]],
    ['a lost create that comes and goes', [at(0, NEVER, create('unknown')), at(2, 3, list(['A'])), at(4, 5, list([]))]],
  ])('%s', (_, history) => {
    expect(isLinearizable(history)).toBe(false);
  });
});
