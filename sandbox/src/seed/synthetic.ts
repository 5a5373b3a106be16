import type { SeedAuthor, SeedBook, SeedSource } from './source.js';

const GIVEN = ['Ada', 'Bela', 'Chidi', 'Dalia', 'Emre', 'Freya', 'Goran', 'Hana', 'Inés', 'Jun', 'Kofi', 'Léa', 'Mei'];
const FAMILY = [
  'Abara',
  'Bergström',
  'Castro',
  'Dubois',
  'Eriksen',
  'Farkas',
  'Gupta',
  'Haddad',
  'Ito',
  'Jansen',
  'Kim',
];
const ADJECTIVE = ['Amber', 'Broken', 'Crimson', 'Distant', 'Empty', 'Forgotten', 'Golden', 'Hidden', 'Iron', 'Late'];
const NOUN = [
  'Archive',
  'Bridge',
  'Cartographer',
  'Door',
  'Estuary',
  'Forest',
  'Garden',
  'Harbour',
  'Island',
  'Letter',
];
const OF = [
  'Autumn',
  'Babylon',
  'Clay',
  'Dust',
  'Echoes',
  'Fog',
  'Glass',
  'Hours',
  'Ink',
  'Jade',
  'Kings',
  'Light',
  'Mist',
];

/** The most books of author 0. */
const BUSIEST_AUTHOR_LIMIT = 10_000;

/**
 * As many made-up authors and books as are asked for, each a function of its number alone: nothing is kept, and a
 * larger set begins with the authors of a smaller one.
 *
 * Some authors write much more than others. Author 0 has exactly min(10000, books / 10), so that one list is long; each
 * further book belongs to author 1 + (authors - 1) · u³, u uniform, a power law: the first hundredth of the authors
 * share about a fifth of the books, the last ones have few or none. A single author has them all.
 */
export function synthetic(authorCount: number, bookCount: number): SeedSource {
  const ofTheBusiest = authorCount === 1 ? bookCount : Math.min(BUSIEST_AUTHOR_LIMIT, Math.floor(bookCount / 10));
  const authorOf = (book: number) =>
    book < ofTheBusiest ? 0 : 1 + Math.floor((authorCount - 1) * random(book, Stream.author) ** 3);

  return {
    authorCount,
    bookCount,

    *authors(): Iterable<SeedAuthor> {
      for (let n = 0; n < authorCount; n++) {
        const name = `${pick(GIVEN, n, Stream.given)} ${pick(FAMILY, n, Stream.family)} ${n}`;
        yield { name, email: emailOf(n) };
      }
    },

    *books(): Iterable<SeedBook> {
      for (let n = 0; n < bookCount; n++) {
        const authorIndex = authorOf(n);
        yield {
          authorIndex,
          authorEmail: emailOf(authorIndex),
          title: `The ${pick(ADJECTIVE, n, Stream.adjective)} ${pick(NOUN, n, Stream.noun)} of ${pick(OF, n, Stream.of)} ${n}`,
          publishedYear: 1500 + Math.floor(random(n, Stream.year) * 525),
        };
      }
    },
  };
}

/** Keeps the draws that are made for one number apart. */
enum Stream {
  given = 1,
  family,
  author,
  adjective,
  noun,
  of,
  year,
}

function emailOf(author: number): string {
  return `author-${String(author).padStart(6, '0')}@synthetic.example.com`;
}

function pick(words: readonly string[], n: number, stream: Stream): string {
  return words[Math.floor(random(n, stream) * words.length)] as string;
}

/** From [0, 1), the same for the same arguments: mulberry32's mixing, with the arguments as its state. */
function random(n: number, stream: Stream): number {
  let t = (Math.imul(n, 0x6d2b79f5) + Math.imul(stream, 0x9e3779b1)) | 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
