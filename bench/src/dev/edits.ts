/** A line that is saved again and again, and where one sees that it serves. */
export interface Edit {
  readonly name: string;
  readonly file: string;
  /** What stands in the file; the number of the edit is put after it. */
  readonly piece: string;
  /** Whose answers show it. */
  readonly seenIn: readonly ('author' | 'book')[];
}

export const edits: readonly Edit[] = [
  {
    name: 'a line of the author service',
    file: 'author-service/src/authors/author.ts',
    piece: 'no author has the id',
    seenIn: ['author'],
  },
  {
    name: 'a line of the book service',
    file: 'book-service/src/books/book.ts',
    piece: 'no book has the id',
    seenIn: ['book'],
  },
  {
    name: 'a line of the kit, in both',
    file: 'service-kit/src/errors/reasons.ts',
    piece: "ERROR_DOMAIN = 'bookstore",
    seenIn: ['author', 'book'],
  },
];
