import { readFileSync } from 'node:fs';
import type { DataSet, NewAuthor, NewBook } from './load.js';

type CatalogueAuthor = NewAuthor & { readonly books: readonly Omit<NewBook, 'authorEmail'>[] };

/**
 * The authors of world literature in `sandbox/catalogue.json`, roughly in the order of time. A year is that of the first
 * publication, for older works often approximate; -750 is 750 BCE. The e-mail addresses are made up.
 */
export function readCatalogue(): DataSet {
  const file = new URL('../../catalogue.json', import.meta.url);
  const authors: CatalogueAuthor[] = JSON.parse(readFileSync(file, 'utf8'));
  const books = authors.flatMap(({ email, books }) => books.map((book) => ({ authorEmail: email, ...book })));
  return { authors, books };
}
