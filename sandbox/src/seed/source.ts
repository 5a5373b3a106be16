/** An author to put in. */
export interface SeedAuthor {
  readonly name: string;
  readonly email: string;
}

/** A book to put in; its author is the one at `authorIndex` of the same source. */
export interface SeedBook {
  readonly authorIndex: number;
  readonly authorEmail: string;
  readonly title: string;
  readonly publishedYear: number;
}

/** Where seed data comes from. Both iterables say the same every time, so that a run can be repeated. */
export interface SeedSource {
  readonly authorCount: number;
  readonly bookCount: number;
  authors(): Iterable<SeedAuthor>;
  books(): Iterable<SeedBook>;
}
