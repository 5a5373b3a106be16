import type { DataSet } from './load.js';

const GIVEN_NAMES = 'Ada Bela Chidi Dalia Emre Freya Goran Hana Inés Jun Kofi Léa Mei'.split(' ');
const FAMILY_NAMES = 'Abara Bergström Castro Dubois Eriksen Farkas Gupta Haddad Ito Jansen Kim'.split(' ');
const ADJECTIVES = 'Amber Broken Crimson Distant Empty Forgotten Golden Hidden Iron Late'.split(' ');
const NOUNS = 'Archive Bridge Cartographer Door Estuary Forest Garden Harbour Island Letter'.split(' ');
const OF = 'Autumn Babylon Clay Dust Echoes Fog Glass Hours Ink Jade Kings Light Mist'.split(' ');

/** The most books of the first author. */
const LONGEST_LIST = 10_000;

/**
 * As many made-up authors and books as asked for. Each is a function of its number alone.
 *
 * The first author has a tenth of the books, at most 10,000, so that one list is long. The other books follow a power law:
 * author 1 + (authors - 1) · u³, where u is uniform. A few authors have many books, and the last ones have few or none.
 */
export function madeUpData(authorCount: number, bookCount: number): DataSet {
  const booksOfTheFirst = authorCount === 1 ? bookCount : Math.min(LONGEST_LIST, Math.floor(bookCount / 10));
  const authorOf = (book: number) =>
    book < booksOfTheFirst ? 0 : 1 + Math.floor((authorCount - 1) * random(book, 'author') ** 3);
  function* authors() {
    for (let n = 0; n < authorCount; n++) {
      yield { name: `${pick(GIVEN_NAMES, n, 'given')} ${pick(FAMILY_NAMES, n, 'family')} ${n}`, email: emailOf(n) };
    }
  }
  function* books() {
    for (let n = 0; n < bookCount; n++) {
      const title = `The ${pick(ADJECTIVES, n, 'adjective')} ${pick(NOUNS, n, 'noun')} of ${pick(OF, n, 'of')} ${n}`;
      const publishedYear = 1500 + Math.floor(random(n, 'year') * 525);
      yield { authorEmail: emailOf(authorOf(n)), title, publishedYear };
    }
  }
  return { authorCount, bookCount, authors: authors(), books: books() };
}

/** Each property of a record is drawn by itself; the position here is the seed. */
const PROPERTIES = ['given', 'family', 'author', 'adjective', 'noun', 'of', 'year'] as const;
type Property = (typeof PROPERTIES)[number];

const emailOf = (author: number) => `author-${String(author).padStart(6, '0')}@synthetic.example.com`;

const pick = (words: readonly string[], n: number, property: Property) =>
  words[Math.floor(random(n, property) * words.length)] as string;

/** From 0 to 1, the same for the same arguments (mulberry32). */
function random(n: number, property: Property): number {
  const stream = PROPERTIES.indexOf(property) + 1;
  let t = (Math.imul(n, 0x6d2b79f5) + Math.imul(stream, 0x9e3779b1)) | 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
