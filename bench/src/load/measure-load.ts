import type { BenchArguments } from '../arguments.js';
import { type Goal, judge, REFERENCE, validity } from '../report/judge.js';
import type { Check, OperationResult, PartFindings } from '../report/results.js';
import { showOperation } from '../report/show.js';
import { medianOf, spread } from '../report/statistics.js';
import { makeCaller } from './caller.js';
import { shownSettings } from './contenders.js';
import { cores, pin } from './cpu.js';
import { type Bench, measure, type Rounds } from './measure.js';
import { type Operation, operations } from './operations.js';
import { type DataSize, prepareData } from './prepare-data.js';
import { startContenders, withDatabases } from './start-contenders.js';

const LARGE: DataSize = { authors: 10_000, books: 100_000 };
const SMALL: DataSize = { authors: 1_000, books: 10_000 };

const BESIDE_TELEMETRY: readonly Goal[] = [
  { of: 'callsPerSecond', against: 'telemetry', atMost: 1.4 },
  { of: 'cpuPerCall', against: 'telemetry', atLeast: 0.65 },
];

interface Measured {
  readonly operation: Operation;
  readonly rounds: Rounds;
}

/** The bookstore beside its peers, one operation after the other. */
export async function measureLoad(options: BenchArguments): Promise<PartFindings> {
  const size = options.short ? SMALL : LARGE;
  using caller = await makeCaller();
  const results: OperationResult[] = [];
  const measured: Measured[] = [];
  await using data = await prepareData(size, withDatabases(options));
  if (cores) pin(data.postgres.pid, cores.others);
  await using contenders = await startContenders(data, options, caller);
  const bench = { ...options, data, contenders: contenders.all, authorization: caller.authorization };
  for (const operation of operations(size).filter((operation) => isChosen(operation, options))) {
    const result = await resultOf(operation, bench, measured);
    results.push(result);
    console.log(showOperation(result));
  }
  return {
    operations: results,
    checks: [...validity(results), ...memoryUnderLoad(measured)],
    conditions: [
      `${size.authors} authors, ${size.books} books`,
      `${options.rounds} rounds of ${options.roundMs / 1000} s, taking turns`,
      `the bookstore with ${shownSettings(caller.settings)}`,
    ].join('; '),
  };
}

/** The operation that tells whether a run can be believed is part of each. */
function isChosen({ name }: Operation, { operations: parts }: BenchArguments): boolean {
  return parts.length === 0 || name === REFERENCE || parts.some((part) => name.includes(part));
}

/** What an operation came to; one that fails says why, and takes nothing from the others. */
async function resultOf(operation: Operation, bench: Bench, measured: Measured[]): Promise<OperationResult> {
  const { name } = operation;
  try {
    const rounds = await measure(operation, bench);
    measured.push({ operation, rounds });
    const medians = Object.fromEntries([...rounds].map(([name, figures]) => [name, medianOf(figures)]));
    const variants = medians.telemetry ? BESIDE_TELEMETRY : [];
    const spreads = [...rounds.values()].map((figures) => spread(figures.map(({ callsPerSecond }) => callsPerSecond)));
    const verdicts = judge([...operation.goals, ...variants], medians);
    return { name, medians, verdicts, ...(bench.rounds > 1 && { spread: Math.max(...spreads) }) };
  } catch (error) {
    process.exitCode = 1;
    const verdicts = judge(operation.goals, {});
    return { name, medians: {}, verdicts, failed: (error as Error).message };
  }
}

const memoryOf = ({ rounds }: Measured): number[] => (rounds.get('bookstore') ?? []).map(({ memory }) => memory);

/** No goal here: the goal is for a container, whose limit V8 knows. Outside it lets garbage lie while there is memory. */
function memoryUnderLoad(measured: readonly Measured[]): Check[] {
  return (['author-service', 'book-service'] as const).map((service) => ({
    name: `${service}, the most memory under any of these loads`,
    measured: Math.max(...measured.filter(({ operation }) => operation.service === service).flatMap(memoryOf)),
    unit: 'MiB',
  }));
}
