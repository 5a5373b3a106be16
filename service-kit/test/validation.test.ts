import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AllFields, type Change, type Given, type RequestFields, toMessage } from '../src/messages/messages.js';
import { email, label, optionalUuid, updateOf, uuid } from '../src/validation/fields.js';
import { requestHash } from '../src/validation/request-hash.js';
import { ZodValidationPipe } from '../src/validation/zod-validation.pipe.js';
import { codePoint } from './any-text.js';

/** The bad fields of a request. */
function violationsOf(schema: z.ZodType, request: unknown): unknown {
  try {
    new ZodValidationPipe(schema).transform(request);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ reason: 'INVALID_FIELD' });
    return (error as { details: { violations: unknown } }).details.violations;
  }
}

test('a label is any text of 1 to its number of code points after trimming, without control characters', () => {
  const rule = label(5);
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 12 }), (given) => {
      const trimmed = given.trim();
      const length = [...trimmed].length;
      const valid = length >= 1 && length <= 5 && !/\p{Cc}/u.test(trimmed);
      const result = rule.safeParse(given);
      expect(result.success).toBe(valid);
      if (valid) expect(result.data).toBe(trimmed);
    }),
    { numRuns: 500 },
  );
  expect(rule.safeParse('abc\0def').error?.issues.map(({ message }) => message)).toEqual([
    'must be at most 5 characters',
    'must not contain control characters',
  ]);
});

test('a UUID is accepted in either case and kept in lower case; nothing else is accepted', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.boolean(), fc.string(), (id, upper, other) => {
      for (const rule of [uuid, optionalUuid]) expect(rule.parse(upper ? id.toUpperCase() : id)).toBe(id);
      expect(uuid.safeParse(other).success).toBe(false);
      expect(optionalUuid.safeParse(other).success).toBe(other === '');
    }),
  );
});

test('an e-mail address of labels and atoms is accepted', () => {
  fc.assert(
    fc.property(fc.emailAddress(), (address) => {
      if (address.length <= 254) expect(email.parse(address)).toBe(address);
    }),
    { numRuns: 200 },
  );
});

test('every bad field is named at once, by its name in the .proto', () => {
  const schema = z.object({ publishedYear: z.number().min(5, 'is too early'), authorId: uuid, title: label() });
  expect(violationsOf(schema, { publishedYear: 1, authorId: 'x', title: '' })).toEqual([
    { field: 'published_year', description: 'is too early' },
    { field: 'author_id', description: 'must be a UUID' },
    { field: 'title', description: 'is required' },
  ]);
});

test('an update names at least one field, whatever else is wrong with it', () => {
  const update = updateOf({ title: z.string().optional(), publishedYear: z.number().optional() });
  const id = '0193e8a0-0000-7000-8000-000000000000';
  expect(violationsOf(update, { id, publishedYear: 1974 })).toEqual([]);
  const missing = { field: 'title', description: 'is required, or published_year: an update names a field' };
  expect(violationsOf(update, { id })).toEqual([missing]);
  expect(violationsOf(update, { id: '7' })).toEqual([{ field: 'id', description: 'must be a UUID' }, missing]);
});

describe('the hash of a request', () => {
  const request = { title: 'x', publishedYear: 1974 };

  test('depends on its fields, not on their order or on absent ones', () => {
    expect(requestHash({ publishedYear: 1974, title: 'x', pages: undefined })).toEqual(requestHash(request));
    const others = [{ ...request, title: 'y' }, { ...request, pages: 341 }, { title: 'x' }, { title: 'x","a":1' }];
    const hashes = [request, ...others].map((one) => Buffer.from(requestHash(one)).toString('hex'));
    expect(new Set(hashes).size).toBe(5);
  });

  test('does not change between versions', () => {
    expect(Buffer.from(requestHash(request)).toString('hex')).toMatchInlineSnapshot(
      `"238a2372f6b9c964694446803121f8f30e45e587b0283eb86937e9c1874f9beb"`,
    );
  });
});

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

test('an answer or a schema that lacks a field of its message does not compile', () => {
  const withoutPages = { id: '7', createdAt: new Date() };
  // @ts-expect-error: the record has no pages
  const message: AllFields<BookMessage> = toMessage(withoutPages);
  // @ts-expect-error: the schema has no pages
  const schema = z.object({ id: z.string(), createdAt: z.string() } satisfies RequestFields<BookMessage>);
  const given: Given<Omit<Book, 'createdAt'>> = { id: '7' };
  // @ts-expect-error: a change sets no null
  const change: Change<Book> = { pages: null };
  expect([message, schema, given, change]).toHaveLength(4);
});
