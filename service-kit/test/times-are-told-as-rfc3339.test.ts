import fc from 'fast-check';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { toRfc3339 } from '../src/database/rfc3339.js';

const day = (text: string) => new Date(text);
const times = fc.date({ min: day('0001-01-01T00:00:00Z'), max: day('9999-12-30T00:00:00Z'), noInvalidDate: true });
/** Fixed, and with the hour that is skipped and the one that comes twice. */
const zones = ['UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe'];

test.each(zones)('a time as PostgreSQL writes it in %s is told in UTC with milliseconds', async (zone) => {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(`SET TimeZone = '${zone}'`);
    await fc.assert(
      fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 200 }), async (some) => {
        const { rows } = await client.query(
          'SELECT at::timestamptz(3)::text AS text FROM unnest($1::timestamptz[]) WITH ORDINALITY one(at, n) ORDER BY n',
          [some.map((time) => time.toISOString())],
        );
        expect(rows.map(({ text }) => toRfc3339(text))).toEqual(some.map((time) => time.toISOString()));
      }),
      { numRuns: 20 },
    );
  } finally {
    await client.end();
  }
});

test.each([
  ['2026-11-22 18:04:05+00', '2026-11-22T18:04:05.000Z'],
  ['2026-11-22 18:04:05.1+00', '2026-11-22T18:04:05.100Z'],
  ['2026-11-22 18:04:05.123456+00', '2026-11-22T18:04:05.123Z'],
  ['2026-11-22 23:34:05.12+05:30', '2026-11-22T18:04:05.120Z'],
])('%s is told as %s', (text, told) => {
  expect(toRfc3339(text)).toBe(told);
});
