/** A request to close an author against new books. */
export interface Closing {
  /** Of the deletion that asks: the same id gets the same answer for ever. */
  readonly opId: string;
  readonly authorId: string;
  /** The author's books are deleted instead of being in the way. */
  readonly force: boolean;
}

/** How a closing ended, and how many books were in the way, or were deleted. */
export interface ClosingDecision {
  readonly outcome: 'CLOSED' | 'HAS_BOOKS';
  readonly bookCount: number;
}
