import { catalogueEntries } from './catalogue-data.js';
import type { SeedAuthor, SeedBook, SeedSource } from './source.js';

/** The real books of real authors that come with the sandbox. */
export const catalogue: SeedSource = {
  authorCount: catalogueEntries.length,
  bookCount: catalogueEntries.reduce((count, { books }) => count + books.length, 0),

  authors(): Iterable<SeedAuthor> {
    return catalogueEntries;
  },

  *books(): Iterable<SeedBook> {
    for (const [authorIndex, { email: authorEmail, books }] of catalogueEntries.entries()) {
      for (const [title, publishedYear] of books) yield { authorIndex, authorEmail, title, publishedYear };
    }
  },
};
