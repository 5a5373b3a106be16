/** Something that the promise between the two databases does not allow. */
export type Finding =
  | { readonly kind: 'ORPHAN_BOOK'; readonly authorId: string; readonly bookId: string }
  | { readonly kind: 'REFERENCE_WITHOUT_AUTHOR'; readonly authorId: string }
  | { readonly kind: 'TOMBSTONE_OF_ACTIVE_AUTHOR'; readonly authorId: string }
  | {
      readonly kind: 'DELETION_OVERDUE';
      readonly authorId: string;
      readonly opId: string;
      readonly since: Date;
      /** How often the recovery worker has tried to settle it. */
      readonly tries: number;
    };

/** What was done about a finding, or why nothing was. */
export interface Repair {
  readonly done: boolean;
  readonly story: string;
}

/** One line for people, which begins with the kind, for programs. */
export function describe(finding: Finding): string {
  switch (finding.kind) {
    case 'ORPHAN_BOOK':
      return `${finding.kind} book ${finding.bookId}: its author ${finding.authorId} does not exist`;
    case 'REFERENCE_WITHOUT_AUTHOR':
      return `${finding.kind} author ${finding.authorId}: the book database takes books for an author that does not exist`;
    case 'TOMBSTONE_OF_ACTIVE_AUTHOR':
      return `${finding.kind} author ${finding.authorId}: ACTIVE, yet the book database has closed it for ever`;
    case 'DELETION_OVERDUE':
      return `${finding.kind} author ${finding.authorId}: DELETING since ${finding.since.toISOString()}, tried again ${finding.tries} times`;
  }
}
