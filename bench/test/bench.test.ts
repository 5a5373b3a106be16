import { readFileSync } from 'node:fs';
import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import { SandboxError } from '@bookstore/sandbox';
import { expect, test } from 'vitest';
import { type Figures, medians, type OperationResult, spreadOf } from '../src/figures.js';
import { mebibytes } from '../src/measure-footprint.js';
import { operations } from '../src/operations.js';
import { parseOptions } from '../src/options.js';
import { plot } from '../src/plot.js';
import { withMeasured } from '../src/save.js';
import { footprintTable, loadTable } from '../src/table.js';

const figures = (those: Partial<Figures>): Figures => ({ 'calls/s': 1, CPU: 1, p50: 1, p99: 1, ...those });
const operation = { name: 'GetBook', goals: { 'calls/s × pg': 1.5, 'latency × nest-prisma': 1 } };
const result: OperationResult = {
  operation,
  medians: {
    pg: figures({ 'calls/s': 1000 }),
    'nest-prisma': figures({ 'calls/s': 500, p50: 4, p99: 2 }),
    bookstore: figures({ 'calls/s': 900, p50: 2, p99: 3 }),
  },
  spread: 0.1,
};
const openLoop = { ...result, operation: { ...operation, openLoop: true } };

test('every method of both services is measured', () => {
  const methods = [AuthorServiceService, BookServiceService].flatMap((service) => Object.values(service));

  expect(new Set(operations.map(({ method }) => method))).toEqual(new Set(methods));
});

test('a missed goal is bold in the table, with the goal beside it', () => {
  expect(loadTable([result])).toContain('| GetBook | 900 | **0.90** (1.5) | 1.80 | 1.00 | 0.50 | 10 |');
  expect(footprintTable([['start', 5, 's', 4]])).toContain('| start | **5.00 s** (4) |');
});

test('an open loop is compared by its p99, and not by its calls', () => {
  expect(loadTable([openLoop])).toContain('| GetBook | 900 |  |  | 1.00 | **1.50** (1) | 10 |');
  expect(plot([result])).toContain('GetBook');
  expect(plot([openLoop])).not.toContain('GetBook');
});

test('rounds come down to the median of each figure, and to the spread', () => {
  const rounds = [figures({ p50: 1, p99: 30 }), figures({ p50: 3, p99: 10 }), figures({ p50: 2, p99: 20 })];

  expect(medians(rounds)).toMatchObject({ p50: 2, p99: 20 });
  expect(spreadOf([90, 100, 120])).toBeCloseTo(0.3);
});

test('what is measured replaces only what was measured before in docs/performance.md', () => {
  const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  const saved = withMeasured(page, 'TABLES');

  expect(page.startsWith(saved.split('TABLES')[0] ?? '')).toBe(true);
  expect(page.endsWith(saved.split('TABLES')[1] ?? '')).toBe(true);
});

test('wrong options end with one line, and --save needs a full run', () => {
  for (const args of [
    ['--rounds', 'many'],
    ['--short', '--save'],
  ])
    expect(() => parseOptions(args)).toThrow(SandboxError);
  expect(() => parseOptions(['--what'])).toThrow(expect.objectContaining({ code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' }));
});

test('docker stats has memory in several units', () => {
  expect(['61.2MiB / 512MiB', '512KiB / 512MiB', '1.5GiB / 2GiB'].map(mebibytes)).toEqual([61.2, 0.5, 1536]);
});
