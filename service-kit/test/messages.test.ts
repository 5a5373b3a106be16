import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { AllFields, Change, Given, RequestFields } from '../src/messages/messages.js';
import { toMessage } from '../src/messages/messages.js';
import { updateOf } from '../src/validation/fields.js';
import { parse } from '../src/validation/parse.js';
import { requestHash } from '../src/validation/request-hash.js';

interface BookMessage {
  id: string;
  createdAt: string;
  pages?: number | undefined;
}
interface Book {
  readonly id: string;
  readonly createdAt: Date;
  readonly pages: number | null;
}

test('a record becomes a message: times as RFC 3339, null as an absent field', () => {
  const book: Book = { id: '7', createdAt: new Date('2026-11-22T18:04:05.123Z'), pages: null };
  const message: AllFields<BookMessage> = toMessage(book);
  expect(message).toEqual({ id: '7', createdAt: '2026-11-22T18:04:05.123Z', pages: undefined });
  expect(toMessage({ pages: 0, title: '', live: false })).toEqual({ pages: 0, title: '', live: false });
});

test('what lacks a field of its message does not compile', () => {
  const withoutPages = { id: '7', createdAt: new Date() };
  // @ts-expect-error: the record has no pages
  const message: AllFields<BookMessage> = toMessage(withoutPages);
  // @ts-expect-error: the schema has no pages
  const schema = z.object({ id: z.string(), createdAt: z.string() } satisfies RequestFields<BookMessage>);
  const given: Given<Omit<Book, 'createdAt'>> = { id: '7' };
  const change: Change<Book> = { pages: 1 };
  // @ts-expect-error: a change sets no null
  const erased: Change<Book> = { pages: null };
  expect([message, schema, given, change, erased]).toHaveLength(5);
});

describe('the hash of a request', () => {
  const request = { title: 'x', publishedYear: 1974 };

  test('is the same for the same content, in whatever order, and with fields that are absent', () => {
    expect(requestHash({ publishedYear: 1974, title: 'x', pages: undefined })).toEqual(requestHash(request));
  });

  test('is another for other content', () => {
    const others = [
      { ...request, title: 'y' },
      { ...request, pages: 341 },
      { title: 'x', publishedYear: 1975 },
      { title: 'x' },
      { title: 'x","publishedYear":1974' },
    ];
    expect(new Set([request, ...others].map((one) => Buffer.from(requestHash(one)).toString('hex'))).size).toBe(6);
  });

  test('stays what it was when a version wrote it into a database', () => {
    expect(Buffer.from(requestHash(request)).toString('hex')).toMatchInlineSnapshot(
      `"238a2372f6b9c964694446803121f8f30e45e587b0283eb86937e9c1874f9beb"`,
    );
  });
});

test('an update names at least one field, whatever else is wrong with it', () => {
  const update = updateOf({ title: z.string().optional(), publishedYear: z.number().optional() });
  const id = '0193e8a0-0000-7000-8000-000000000000';
  expect(parse(update, { id, publishedYear: 1974 })).toEqual({ id, publishedYear: 1974 });
  const violation = { field: 'title', description: 'or published_year is required: an update names a field' };
  expect(() => parse(update, { id })).toThrow(expect.objectContaining({ details: { violations: [violation] } }));
  expect(() => parse(update, { id: '7' })).toThrow(
    expect.objectContaining({ details: { violations: [{ field: 'id', description: 'must be a UUID' }, violation] } }),
  );
});
