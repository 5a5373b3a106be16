import { describe, expect, test } from 'vitest';
import { isLinearizable } from './src/linearizability/check-history.js';
import type { Action, Operation } from './src/linearizability/operation.js';

const NEVER = Number.POSITIVE_INFINITY;
const at = (begin: number, end: number, action: Action): Operation => ({ begin, end, action });
const create = (answer: 'created' | 'no author' | 'unknown', book = 'A'): Action => ({
  kind: 'create-book',
  book,
  answer,
});
const remove = (answer: 'deleted' | 'no author' | 'unknown' | number, force = false): Action => ({
  kind: 'delete-author',
  force,
  answer,
});
const list = (answer: string[] | 'no author'): Action => ({ kind: 'list-books', answer });
const get = (answer: 'found' | 'no book', book = 'A'): Action => ({ kind: 'get-book', book, answer });
const removeBook = (answer: 'deleted' | 'no book' | 'unknown', book = 'A'): Action => ({
  kind: 'delete-book',
  book,
  answer,
});

describe('histories that one call at a time could have made', () => {
  test.each<[string, Operation[]]>([
    ['nothing', []],
    ['a book, then its author refused', [at(0, 1, create('created')), at(2, 3, remove(1))]],
    ['a book that comes first though it answers last', [at(0, 3, create('created')), at(1, 2, remove(1))]],
    ['a book that comes too late', [at(0, 3, create('no author')), at(1, 2, remove('deleted'))]],
    ['a forced deletion over a concurrent book', [at(0, 3, create('created')), at(1, 2, remove('deleted', true))]],
    ['two deletions that are both done', [at(0, 3, remove('deleted')), at(1, 2, remove('deleted'))]],
    ['a lost create that is seen later', [at(0, NEVER, create('unknown')), at(2, 3, list(['A']))]],
    ['a lost create that never happened', [at(0, NEVER, create('unknown')), at(2, 3, remove('deleted'))]],
    ['a lost create between two looks', [at(0, NEVER, create('unknown')), at(2, 3, list([])), at(4, 5, list(['A']))]],
    ['a lost deletion', [at(0, NEVER, remove('unknown')), at(2, 3, list([])), at(4, 5, create('no author'))]],
    [
      'a lost removal of a book',
      [at(0, 1, create('created')), at(2, NEVER, removeBook('unknown')), at(3, 4, get('no book'))],
    ],
  ])('%s', (_, history) => {
    expect(isLinearizable(history)).toBe(true);
  });
});

describe('histories that nothing explains', () => {
  test.each<[string, Operation[]]>([
    ['an orphan: a book beside a deletion that found none', [at(0, 3, create('created')), at(1, 2, remove('deleted'))]],
    ['a book of an author who was gone', [at(0, 1, remove('deleted')), at(2, 3, create('created'))]],
    ['a refusal although the author is there', [at(0, 1, create('no author')), at(2, 3, list([]))]],
    ['a forgotten book', [at(0, 1, create('created')), at(2, 3, list([]))]],
    [
      'a book that outlives its author',
      [at(0, 1, create('created')), at(2, 3, remove('deleted', true)), at(4, 5, get('found'))],
    ],
    ['a wrong count', [at(0, 1, create('created')), at(2, 3, remove(2))]],
    [
      'a book removed twice',
      [at(0, 1, create('created')), at(2, 3, removeBook('deleted')), at(4, 5, removeBook('deleted'))],
    ],
    ['an author who is back', [at(0, NEVER, remove('unknown')), at(2, 3, list('no author')), at(4, 5, list([]))]],
    ['a lost create that comes and goes', [at(0, NEVER, create('unknown')), at(2, 3, list(['A'])), at(4, 5, list([]))]],
  ])('%s', (_, history) => {
    expect(isLinearizable(history)).toBe(false);
  });
});
