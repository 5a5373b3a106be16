import type { DataSet } from './load.js';

// Lists of different lengths: names and titles repeat late.
const GIVEN_NAMES = 'Ada Bela Chidi Dalia Emre Freya Goran Hana Inés Jun Kofi Léa Mei'.split(' ');
const FAMILY_NAMES = 'Abara Bergström Castro Dubois Eriksen Farkas Gupta Haddad Ito Jansen Kim'.split(' ');
const ADJECTIVES = 'Amber Broken Crimson Distant Empty Forgotten Golden'.split(' ');
const NOUNS = 'Archive Bridge Cartographer Door Estuary Forest Garden Harbour Island Letter'.split(' ');
const OF = 'Autumn Babylon Clay Dust Echoes Fog Glass Hours Ink Jade Kings Light Mist'.split(' ');

/** The most books of the first author. */
const LONGEST_LIST = 10_000;
/** Its multiples, less their whole parts, are spread evenly from 0 to 1. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * As many made-up authors and books as asked for. Each is a function of its number alone.
 *
 * The first author has a tenth of the books, at most 10,000, so that one list is long. The other books follow a power law:
 * author 1 + (authors - 1) · u³, where u is uniform. A few authors have many books, and the last ones have few or none.
 */
export function madeUpData(authorCount: number, bookCount: number): DataSet {
  const booksOfTheFirst = authorCount === 1 ? bookCount : Math.min(LONGEST_LIST, Math.floor(bookCount / 10));
  const authorOf = (book: number) =>
    book < booksOfTheFirst ? 0 : 1 + Math.floor((authorCount - 1) * ((book * GOLDEN_RATIO) % 1) ** 3);
  function* authors() {
    for (let n = 0; n < authorCount; n++) {
      yield { name: `${pick(GIVEN_NAMES, n)} ${pick(FAMILY_NAMES, n)} ${n}`, email: emailOf(n) };
    }
  }
  function* books() {
    for (let n = 0; n < bookCount; n++) {
      const title = `The ${pick(ADJECTIVES, n)} ${pick(NOUNS, n)} of ${pick(OF, n)} ${n}`;
      yield { authorEmail: emailOf(authorOf(n)), title, publishedYear: 1500 + (n % 525) };
    }
  }
  return { authorCount, bookCount, authors: authors(), books: books() };
}

const emailOf = (author: number) => `author-${String(author).padStart(6, '0')}@made-up.example.com`;
const pick = (words: readonly string[], n: number) => words[n % words.length] as string;
