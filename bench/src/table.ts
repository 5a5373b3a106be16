import type { Figures, FootprintFigure, OperationResult } from './figures.js';

/** A number with as many digits as say something. */
function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * One row for each operation: the bookstore's calls per second, and its medians divided by those of the peers. What
 * misses its goal is bold, with the goal beside it.
 */
export function loadTable(results: readonly OperationResult[]): string {
  const peers = Object.keys(results[0]?.medians ?? {}).filter((name) => name !== 'echo' && name !== 'bookstore');
  // Calls are compared with each peer, CPU time with the first, and latency with the last.
  const columns = [...peers.map((peer) => `calls/s × ${peer}`), `CPU × ${peers[0]}`, `latency × ${peers.at(-1)}`];
  const rows = results.map((result) => [
    result.operation.name,
    round(result.medians.bookstore?.['calls/s'] ?? Number.NaN),
    ...columns.map((column) => ratioCell(result, column)),
    `${Math.round(result.spread * 100)}`,
  ]);
  return table(['Operation', 'calls/s', ...columns, 'spread, %'], rows);
}

function ratioCell(result: OperationResult, column: string): string {
  const [title = '', peer = ''] = column.split(' × ');
  const { openLoop, goals } = result.operation;
  if (openLoop && title === 'calls/s') return '';
  const figure = title === 'latency' ? (openLoop ? 'p99' : 'p50') : (title as keyof Figures);
  const ratio = ratioOf(result, figure, peer);
  const goal = goals[column];
  return goal === undefined ? round(ratio) : besideGoal(round(ratio), isMet(figure, ratio, goal), goal);
}

/** The bookstore's median divided by the peer's. */
export const ratioOf = ({ medians }: OperationResult, figure: keyof Figures, peer: string): number =>
  (medians.bookstore?.[figure] ?? Number.NaN) / (medians[peer]?.[figure] ?? Number.NaN);

/** More calls are better, and less of everything else. */
export const isMet = (figure: keyof Figures, ratio: number, goal: number): boolean =>
  figure === 'calls/s' ? ratio >= goal : ratio <= goal;

export function footprintTable(figures: readonly FootprintFigure[]): string {
  const rows = figures.map(([name, value, unit, goal]) => [
    name,
    besideGoal(`${round(value)} ${unit}`.trim(), value <= goal, goal),
  ]);
  return table(['What', 'Measured'], rows);
}

const besideGoal = (shown: string, met: boolean, goal: number) => (met ? shown : `**${shown}** (${goal})`);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
