import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { asMarkdown } from '../src/report/markdown.js';
import { plot } from '../src/report/plot.js';
import type { PartResult, Results } from '../src/report/results.js';
import { withMeasured } from '../src/report/save.js';
import { figures, operation } from './figures.js';

const missed = operation({
  name: 'GetBook, 64 in flight',
  medians: {
    pg: figures({ callsPerSecond: 1000 }),
    'nest-prisma': figures({ callsPerSecond: 500 }),
    bookstore: figures({ callsPerSecond: 900 }),
  },
  verdicts: [
    { of: 'callsPerSecond', against: 'pg', ratio: 0.9, atLeast: 1.5 },
    { of: 'p50', against: 'nest-prisma', ratio: 0.5 },
  ],
});
const failed = operation({
  name: 'DeleteBook',
  verdicts: [{ of: 'callsPerSecond', against: 'pg', ratio: Number.NaN, atLeast: 0.9 }],
  failed: 'bookstore answered {"Unavailable":3}\nmore',
});
const part: PartResult = {
  command: 'npm run bench',
  machine: { cores: 2, model: 'a processor', memoryGiB: 24, node: 'v24.0.0', load: 0.1 },
  seconds: 60,
  conditions: 'few rounds',
  checks: [{ name: 'size', measured: 12, unit: 'MiB', atMost: 60 }],
  operations: [missed, failed],
};

test('a goal that is missed, and an operation that failed, are in the table', () => {
  const lines = asMarkdown({ load: part }).split('\n');

  expect(lines).toContain('1 of 3 goals are met.');
  expect(lines).toContain('| GetBook, 64 in flight | 0.900 (at least 1.5) **MISSED** |  | p50 × nest-prisma: 0.500 |');
  expect(lines).toContain(
    '| DeleteBook | – (at least 0.9) **MISSED** |  | failed: bookstore answered {"Unavailable":3} |',
  );
  expect(lines).toContain('| size | 12 MiB | at most 60 | met |');
});

test('a run that is not valid says so first', () => {
  const validity = { name: 'echo ÷ pg', measured: 3, unit: '×', atLeast: 1.4, atMost: 2.2 };

  expect(asMarkdown({ load: { ...part, checks: [validity] } })).toMatch(/^\*\*INVALID/);
});

test('the figures stand between their marks, and the rest of the page stays', () => {
  const [begin, end] = ['<!-- measured: written by npm run bench -- --save -->', '<!-- end of what was measured -->'];

  expect(withMeasured(`before\n${begin}\nold\n${end}\nafter`, 'new')).toBe(`before\n${begin}\n\nnew\n${end}\nafter`);
  expect(() => withMeasured('no marks', 'new')).toThrow('performance.md lacks');
});

test('the plot has each operation that pg takes part in, and whether its goal is met', () => {
  const picture = plot([missed, failed]);

  expect(picture).toContain('GetBook, 64 in flight');
  expect(picture).toMatch(/class="missed" x="320" [^>]*width="117.0"/); // 0.9 of pg’s
  expect(picture).not.toContain('DeleteBook');
});

test('docs/performance.md and its plot are what docs/performance/results.json says', () => {
  const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
  const results: Results = JSON.parse(read('performance/results.json'));

  const page = read('performance.md');
  expect(page).toBe(withMeasured(page, asMarkdown(results)));
  expect(read('performance/plot.svg')).toBe(plot(results.load?.operations ?? []));
});
