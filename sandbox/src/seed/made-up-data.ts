import type { DataSet } from './load.js';

// Lists of different lengths: names and titles repeat late.
const GIVEN_NAMES = 'Ada Bela Chidi Dalia Emre Freya Goran Hana Inés Jun Kofi Léa Mei'.split(' ');
const FAMILY_NAMES = 'Abara Bergström Castro Dubois Eriksen Farkas Gupta Haddad Ito Jansen Kim'.split(' ');
const ADJECTIVES = 'Amber Broken Crimson Distant Empty Forgotten Golden'.split(' ');
const NOUNS = 'Archive Bridge Cartographer Door Estuary Forest Garden Harbour Island Letter'.split(' ');
const OF = 'Autumn Babylon Clay Dust Echoes Fog Glass Hours Ink Jade Kings Light Mist'.split(' ');

/** Its multiples, less their whole parts, are spread evenly from 0 to 1. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * As many made-up authors and books as asked for. Each is a function of its number alone.
 *
 * The books follow a power law: the author is the number of authors · u³, where u is uniform. Of a thousand authors, the
 * first one has a tenth of the books, and the last ones have few or none.
 */
export function madeUpData(authorCount: number, bookCount: number): DataSet {
  const authors = Array.from({ length: authorCount }, (_, n) => ({
    name: `${pick(GIVEN_NAMES, n)} ${pick(FAMILY_NAMES, n)} ${n}`,
    email: `author-${String(n).padStart(6, '0')}@made-up.example.com`,
  }));
  const books = Array.from({ length: bookCount }, (_, n) => ({
    authorEmail: pick(authors, Math.floor(authorCount * ((n * GOLDEN_RATIO) % 1) ** 3)).email,
    title: `The ${pick(ADJECTIVES, n)} ${pick(NOUNS, n)} of ${pick(OF, n)} ${n}`,
    publishedYear: 1500 + (n % 525),
  }));
  return { authors, books };
}

const pick = <T>(list: readonly T[], n: number) => list[n % list.length] as T;
