import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { email, label, optionalUuid, uuid } from '../src/validation/fields.js';
import { parse } from '../src/validation/parse.js';

describe('a label', () => {
  const rule = label(5);

  test('is any text of 1 to its number of code points after trimming, without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (given) => {
        const trimmed = given.trim();
        const length = [...trimmed].length;
        const valid = length >= 1 && length <= 5 && !/\p{Cc}/u.test(trimmed);
        const result = rule.safeParse(given);
        expect(result.success).toBe(valid);
        if (valid) expect(result.data).toBe(trimmed);
      }),
      { numRuns: 2000 },
    );
  });

  test('of too many characters with a control character among them has two faults', () => {
    expect(rule.safeParse('abc\0def').error?.issues.map(({ message }) => message)).toEqual([
      'must be at most 5 characters',
      'must not contain control characters',
    ]);
  });
});

describe('a UUID', () => {
  test('is taken in either case and kept in lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (id, upper) => {
        expect(uuid.parse(upper ? id.toUpperCase() : id)).toBe(id);
        expect(optionalUuid.parse(upper ? id.toUpperCase() : id)).toBe(id);
      }),
    );
    expect(optionalUuid.parse('')).toBeUndefined();
  });

  test('is nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (given) => {
        expect(uuid.safeParse(given).success).toBe(false);
        expect(optionalUuid.safeParse(given).success).toBe(given === '');
      }),
    );
  });
});

test('an e-mail address is any that two labels and atoms make', () => {
  fc.assert(
    fc.property(fc.emailAddress(), (address) => {
      if (address.length <= 254) expect(email.parse(address)).toBe(address);
    }),
    { numRuns: 1000 },
  );
});

test('a request that breaks several rules is refused with every field, by its name in the .proto', () => {
  const schema = z.object({ publishedYear: z.number().min(5, 'is too early'), authorId: uuid, title: label() });
  try {
    parse(schema, { publishedYear: 1, authorId: 'x', title: '' });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({
      reason: 'INVALID_FIELD',
      details: {
        violations: [
          { field: 'published_year', description: 'is too early' },
          { field: 'author_id', description: 'must be a UUID' },
          { field: 'title', description: 'is required' },
        ],
      },
    });
  }
});
