import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectPage, MAX_PAGE_SIZE, RESPONSE_BUDGET_BYTES } from '../src/pagination/collect-page.js';
import { decodePageToken, encodePageToken, isPageToken } from '../src/pagination/page-token.js';
import { codePoint } from './any-text.js';

const refused = {
  reason: 'INVALID_FIELD',
  details: { violations: [{ field: 'page_token', description: 'is not a token of this list' }] },
};

function problemOf(scope: string, token: string): unknown {
  try {
    return decodePageToken(scope, token);
  } catch (error) {
    return error;
  }
}

describe('a token', () => {
  test('returns its id to its own list only', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), fc.string(), (id, scope, other) => {
        const token = encodePageToken(scope, id);
        expect(token).toMatch(/^[\w-]+$/);
        expect(isPageToken(token)).toBe(true);
        expect(decodePageToken(scope, token)).toBe(id);
        if (other !== scope) expect(problemOf(other, token)).toMatchObject(refused);
      }),
    );
  });

  test('that was changed anywhere but in its id is refused', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat({ max: 7 }), fc.integer({ min: 1, max: 255 }), (id, at, change) => {
        const bytes = Buffer.from(encodePageToken('list', id), 'base64url');
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(problemOf('list', bytes.toString('base64url'))).toMatchObject(refused);
      }),
    );
  });

  test('that is any other text is refused', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: codePoint }), (token) => {
        expect(problemOf('list', token)).toMatchObject(refused);
      }),
    );
  });

  test('is none on the first page', () => {
    expect(decodePageToken('list', '')).toBeUndefined();
  });
});

describe('pages', () => {
  const idOf = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
  interface Item {
    readonly id: string;
    readonly size: number;
  }
  const listOf = (sizes: readonly number[]): Item[] => sizes.map((size, n) => ({ id: idOf(n), size }));
  const bytes = new Uint8Array(RESPONSE_BUDGET_BYTES);
  const page = (items: readonly Item[], pageSize: number, pageToken: string) =>
    collectPage(
      { pageSize, pageToken },
      {
        name: 'list',
        read: async (after, limit) => items.filter(({ id }) => after === undefined || id > after).slice(0, limit),
        toMessage: (item: Item) => item,
        type: { encode: ({ size }: Item, writer) => writer.raw(bytes.subarray(0, size)) },
      },
    );

  test('hold every item once and in order, none too many or too much, and no page is empty', async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: RESPONSE_BUDGET_BYTES / 2 }));
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 30 }), fc.nat({ max: 70 }), async (sizes, pageSize) => {
        const items = listOf(sizes);
        const seen: Item[] = [];
        let token = '';
        do {
          const { items: found, nextPageToken } = await page(items, pageSize, token);
          expect(found.length > 0 || items.length === 0).toBe(true);
          if (pageSize > 0) expect(found.length).toBeLessThanOrEqual(pageSize);
          expect(found.reduce((sum, item) => sum + item.size, 0)).toBeLessThanOrEqual(RESPONSE_BUDGET_BYTES);
          seen.push(...found);
          token = nextPageToken;
        } while (token !== '');
        expect(seen).toEqual(items);
      }),
      { numRuns: 50 },
    );
  });

  test('that a client with the default limit receives are as full as they can be', async () => {
    // A tag and three bytes of length beside each item.
    const items = listOf([RESPONSE_BUDGET_BYTES / 2 - 4, RESPONSE_BUDGET_BYTES / 2 - 4, 1]);
    const { items: first, nextPageToken } = await page(items, 0, '');
    expect(first).toEqual(items.slice(0, 2));
    expect(await page(items, 0, nextPageToken)).toEqual({ items: items.slice(2), nextPageToken: '' });
    const larger = listOf([RESPONSE_BUDGET_BYTES / 2 - 4, RESPONSE_BUDGET_BYTES / 2 - 3]);
    expect((await page(larger, 0, '')).items).toHaveLength(1);
  });

  test('have an item that is too large for any page by itself', async () => {
    const items = listOf([1, RESPONSE_BUDGET_BYTES, 1]);
    const { nextPageToken } = await page(items, 0, '');
    expect((await page(items, 0, nextPageToken)).items).toEqual([items[1]]);
  });

  test('of a size that is too large are lowered to the largest', async () => {
    const items = listOf(Array(MAX_PAGE_SIZE + 1).fill(1));
    expect((await page(items, MAX_PAGE_SIZE + 1, '')).items).toHaveLength(MAX_PAGE_SIZE);
    expect((await page(items, 0, '')).items).toHaveLength(MAX_PAGE_SIZE + 1); // in several queries
  });
});
