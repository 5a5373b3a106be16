import { describe, expect, it } from 'vitest';
import { catalogue } from '../src/seed/catalogue.js';
import { authorRequestId, bookRequestId } from '../src/seed/request-id.js';
import { synthetic } from '../src/seed/synthetic.js';

const UUID_V5 = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('request ids', () => {
  it('stay what they have been, or every bookstore would be seeded twice', () => {
    expect(authorRequestId({ name: 'Homer', email: 'homer@example.com' })).toBe('f255cac2-dca1-5ea2-ae80-01c1ce55f7e7');
    expect(
      bookRequestId({ authorIndex: 0, authorEmail: 'homer@example.com', title: 'Iliad', publishedYear: -750 }),
    ).toBe('c8bed375-4d0c-5ade-b0e7-00f56d301ee5');
  });

  it.each([
    ['the catalogue', catalogue],
    ['a synthetic set', synthetic(500, 5_000)],
  ])('are different for everything in %s', (_name, source) => {
    const ids = [...Array.from(source.authors(), authorRequestId), ...Array.from(source.books(), bookRequestId)];
    expect(new Set(ids).size).toBe(source.authorCount + source.bookCount);
    expect(ids.filter((id) => !UUID_V5.test(id))).toEqual([]);
  });
});

describe('a synthetic set', () => {
  it('is the same every time, and its authors begin a larger one', () => {
    expect([...synthetic(20, 100).books()]).toEqual([...synthetic(20, 100).books()]);
    expect([...synthetic(40, 200).authors()].slice(0, 20)).toEqual([...synthetic(20, 100).authors()]);
  });

  it('has as much as was asked for, all of it valid', () => {
    const authors = [...synthetic(200, 2_000).authors()];
    const books = [...synthetic(200, 2_000).books()];
    expect([authors.length, books.length]).toEqual([200, 2_000]);
    expect(authors[123]?.email).toBe('author-000123@synthetic.example.com');
    expect(authors[123]?.name).toMatch(/^\p{L}+ \p{L}+ 123$/u);
    expect(new Set(authors.map(({ email }) => email)).size).toBe(200);
    for (const { authorIndex, authorEmail, publishedYear } of books) {
      expect(authors[authorIndex]?.email).toBe(authorEmail);
      expect(publishedYear).toSatisfy((year: number) => year >= 1500 && year <= 2025);
    }
  });

  it.each([
    [1_000, 20_000, 2_000],
    [100, 150_000, 10_000],
    [1, 50, 50],
    [10, 5, 0],
  ])('of %i authors and %i books gives author 0 %i', (authors, books, expected) => {
    let ofTheFirst = 0;
    for (const { authorIndex } of synthetic(authors, books).books()) if (authorIndex === 0) ofTheFirst++;
    expect(ofTheFirst).toBe(expected);
  });

  it('lets few authors write most', () => {
    const perAuthor = new Array<number>(1_000).fill(0);
    for (const { authorIndex } of synthetic(1_000, 20_000).books())
      perAuthor[authorIndex] = (perAuthor[authorIndex] ?? 0) + 1;
    const ofTheNextTen = perAuthor.slice(1, 11).reduce((sum, count) => sum + count);
    expect(ofTheNextTen / 18_000).toBeGreaterThan(0.15);
    expect(Math.max(...perAuthor.slice(500))).toBeLessThan(40);
  });

  it('is made one by one', () => {
    const huge = synthetic(1_000_000, 10_000_000);
    const [first] = huge.books();
    expect(first?.authorIndex).toBe(0);
  });
});
