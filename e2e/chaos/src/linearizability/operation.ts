/**
 * What was asked about one author, and what was answered. Books go by their titles, each of which is used once: the
 * title of a book is known even where the answer that has its id is lost.
 */
export type Action =
  | { readonly kind: 'create-book'; readonly book: string; readonly answer: 'created' | 'no author' | 'unknown' }
  | { readonly kind: 'delete-book'; readonly book: string; readonly answer: 'deleted' | 'no book' | 'unknown' }
  | { readonly kind: 'get-book'; readonly book: string; readonly answer: 'found' | 'no book' }
  | { readonly kind: 'list-books'; readonly answer: readonly string[] | 'no author' }
  | {
      readonly kind: 'delete-author';
      readonly force: boolean;
      /** A number is that of the books in the way. */
      readonly answer: 'deleted' | 'no author' | 'unknown' | number;
    };

/**
 * A call within a concurrent history. Times are places in the one order of all calls' beginnings and ends. A call whose
 * answer never came has no end (Infinity): it may have had its effect at any time since it began, or never.
 */
export interface Operation {
  readonly action: Action;
  readonly begin: number;
  readonly end: number;
}
