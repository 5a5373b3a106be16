import { describe, expect, it } from 'vitest';
import { catalogue } from '../src/seed/catalogue.js';

const authors = [...catalogue.authors()];
const books = [...catalogue.books()];

/** The contract's rule for names and titles. */
const validText = (text: string) =>
  text === text.trim() && !/\p{Cc}/u.test(text) && text !== '' && [...text].length <= 200;

describe('the catalogue', () => {
  it('has enough to look at, and says how much', () => {
    expect(authors.length).toBeGreaterThanOrEqual(60);
    expect(books.length).toBeGreaterThanOrEqual(400);
    expect([catalogue.authorCount, catalogue.bookCount]).toEqual([authors.length, books.length]);
  });

  it('has names and titles that the services take', () => {
    expect(
      [...authors.map(({ name }) => name), ...books.map(({ title }) => title)].filter((text) => !validText(text)),
    ).toEqual([]);
  });

  it('has names and titles in one Unicode form', () => {
    for (const text of [...authors.map(({ name }) => name), ...books.map(({ title }) => title)]) {
      expect(text).toBe(text.normalize('NFC'));
    }
  });

  it('gives every author an address of their own that is nobody else’s', () => {
    for (const { email } of authors) expect(email).toMatch(/^[a-z]+(\.[a-z]+)*@example\.(com|org)$/);
    expect(new Set(authors.map(({ email }) => email.toLowerCase())).size).toBe(authors.length);
  });

  it('names no author twice, and no title of an author twice', () => {
    expect(new Set(authors.map(({ name }) => name)).size).toBe(authors.length);
    expect(new Set(books.map(({ authorIndex, title }) => `${authorIndex} ${title.toLowerCase()}`)).size).toBe(
      books.length,
    );
  });

  it('has a year for every book, which is past and not 0', () => {
    const possible = (year: number) => Number.isInteger(year) && year >= -3000 && year <= 2026 && year !== 0;
    expect(books.filter(({ publishedYear }) => !possible(publishedYear))).toEqual([]);
  });

  it('gives every author at least one book, oldest first', () => {
    for (const [index, { name, email }] of authors.entries()) {
      const own = books.filter(({ authorIndex }) => authorIndex === index);
      const years = own.map(({ publishedYear }) => publishedYear);
      expect(own.length, name).toBeGreaterThan(0);
      expect(new Set(own.map(({ authorEmail }) => authorEmail)), name).toEqual(new Set([email]));
      expect(years, name).toEqual(years.toSorted((a, b) => a - b));
    }
  });
});
