/** A request to close an author for new books. */
export interface Closing {
  /** The id of the deletion; its answer never changes. */
  readonly opId: string;
  readonly authorId: string;
  /** Also deletes the author's books. */
  readonly force: boolean;
}

/** The outcome, and the number of books that exist (HAS_BOOKS) or were deleted (CLOSED). */
export interface ClosingDecision {
  readonly outcome: 'CLOSED' | 'HAS_BOOKS';
  readonly bookCount: number;
}
