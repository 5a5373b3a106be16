import { type Check, isMet, type OperationResult, type PartResult, type Results, type Verdict } from './results.js';
import { boundsOf, busy, labelOf, round, spreadOf, verdictOf } from './show.js';

const TITLES = {
  load: 'Under load',
  start: 'Starting',
  containers: 'In containers',
  replicas: 'Three replicas',
} as const;

/** All parts, each with its machine and command; goals that are missed among the others. */
export function asMarkdown(results: Results): string {
  const parts = (Object.keys(TITLES) as (keyof typeof TITLES)[]).flatMap((name) => {
    const part = results[name];
    return part ? [`### ${TITLES[name]}\n\n${provenance(part)}\n\n${tables(part)}`] : [];
  });
  return `${summary(results)}\n\n${parts.join('\n\n')}\n`;
}

function summary(results: Results): string {
  const verdicts = Object.values(results).flatMap(({ checks, operations = [] }) => [
    ...checks.map((check) => isMet(check.measured, check)),
    ...operations.flatMap(({ verdicts }) => verdicts.map((verdict) => isMet(verdict.ratio, verdict))),
  ]);
  const asked = verdicts.filter((met) => met !== undefined);
  const met = `${asked.filter((met) => met).length} of ${asked.length} goals are met.`;
  const [valid] = results.load?.checks ?? [];
  if (!valid || isMet(valid.measured, valid)) return met;
  return `**INVALID: how echo and pg compare says that something else was measured.** ${met}`;
}

function provenance({ command, machine, conditions, seconds }: PartResult): string {
  const { cores, model, memoryGiB, node, load } = machine;
  return `\`${command}\` on ${cores} cores (${model}), ${memoryGiB} GiB, contenders on Node ${node}, load ${load.toFixed(1)} before; ${conditions}; ${seconds.toFixed(0)} s.`;
}

function tables({ operations = [], checks }: PartResult): string {
  const parts = [checkTable(checks)];
  if (operations.length > 0) parts.unshift(goalTable(operations), figureTable(operations));
  return parts.join('\n\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const mark = (value: number, bounds: Check | Verdict) => verdictOf(value, bounds).replace('MISSED', '**MISSED**');

/** A row for each operation: the ratio of calls per second to each peer's, then whatever else has a goal. */
export function goalTable(operations: readonly OperationResult[]): string {
  const peers = ['pg', 'nest-prisma'];
  const isCalls = ({ of, against }: Verdict) => of === 'callsPerSecond' && peers.includes(against);
  const show = (verdict: Verdict) =>
    [round(verdict.ratio), boundsOf(verdict) && `(${boundsOf(verdict)})`, mark(verdict.ratio, verdict)]
      .filter(Boolean)
      .join(' ');
  const rows = operations.map(({ name, verdicts, failed }) => [
    name,
    ...peers.map((peer) =>
      verdicts
        .filter((one) => isCalls(one) && one.against === peer)
        .map(show)
        .join(),
    ),
    failed
      ? `failed: ${failed.split('\n')[0]}`
      : verdicts
          .filter((one) => !isCalls(one))
          .map((one) => `${labelOf(one.of)} × ${one.against}: ${show(one)}`)
          .join('; '),
  ]);
  return table(['Operation', ...peers.map((peer) => `calls/s × ${peer}`), 'others'], rows);
}

function figureTable(operations: readonly OperationResult[]): string {
  const rows = operations.flatMap(({ name, medians, spread }) =>
    Object.entries(medians).map(([contender, figures], index) => [
      index === 0 ? `${name}${spreadOf(spread)}` : '',
      contender,
      figures.callsPerSecond.toFixed(0),
      ...[figures.p50, figures.p99, figures.cpuPerCall].map(round),
      busy(figures).toFixed(0),
      ...[figures.databaseCpuPerCall, figures.memory].map(round),
    ]),
  );
  const head = ['Operation', '', 'calls/s', 'p50, ms', 'p99, ms', 'CPU a call, ms', '% of a core'];
  return table([...head, 'database CPU a call, ms', 'memory, MiB'], rows);
}

function checkTable(checks: readonly Check[]): string {
  const rows = checks.map((check) => {
    const { name, measured, unit } = check;
    return [name, `${round(measured)} ${unit}`.trim(), boundsOf(check), mark(measured, check)];
  });
  return table(['What', 'Measured', 'Goal', ''], rows);
}
