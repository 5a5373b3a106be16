import { expect, test } from 'vitest';
import { judge, REFERENCE, validity } from '../src/report/judge.js';
import { isMet } from '../src/report/results.js';
import { median, medianOf, spread } from '../src/report/statistics.js';
import { figures, operation } from './figures.js';

const medians = { bookstore: figures({ callsPerSecond: 9000, p50: 2 }), pg: figures({ callsPerSecond: 6000, p50: 4 }) };

test('a ratio is the bookstore’s median divided by the peer’s', () => {
  const [calls, p50] = judge(
    [
      { of: 'callsPerSecond', against: 'pg', atLeast: 1.5 },
      { of: 'p50', against: 'pg', atMost: 0.4 },
    ],
    medians,
  );

  expect(calls).toEqual({ of: 'callsPerSecond', against: 'pg', atLeast: 1.5, ratio: 1.5 });
  expect(calls && isMet(calls.ratio, calls)).toBe(true);
  expect(p50 && isMet(p50.ratio, p50)).toBe(false);
});

test('what was not measured is not met', () => {
  const [verdict] = judge([{ of: 'p99', against: 'nest-prisma', atMost: 3 }], medians);

  expect(verdict && isMet(verdict.ratio, verdict)).toBe(false);
});

test.each([
  [1.39, false],
  [1.4, true],
  [2.2, true],
  [2.21, false],
])('a run in which echo answers %d times as many calls as pg is valid: %s', (ratio, valid) => {
  const peers = {
    echo: figures({ callsPerSecond: 1000 * ratio }),
    pg: figures({ callsPerSecond: 1000 }),
    'nest-prisma': figures(),
  };

  const [check] = validity([operation({ name: REFERENCE, medians: peers })]);

  expect(check && isMet(check.measured, check)).toBe(valid);
});

test('a run without the operation that tells is not valid', () => {
  const [check] = validity([]);

  expect(check && isMet(check.measured, check)).toBe(false);
});

test('rounds come down to their medians, figure by figure', () => {
  const rounds = [
    figures({ callsPerSecond: 1, p99: 30 }),
    figures({ callsPerSecond: 3, p99: 10 }),
    figures({ callsPerSecond: 2, p99: 20 }),
  ];

  expect(medianOf(rounds)).toMatchObject({ callsPerSecond: 2, p99: 20 });
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
});
