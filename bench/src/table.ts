import type { Figures, FootprintFigure, OperationResult } from './results.js';

/** A number with as many digits as say something. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * One row for each operation: the bookstore's calls per second, and its medians divided by those of the peers. What
 * misses its goal is bold, with the goal beside it.
 */
export function loadTable(operations: readonly OperationResult[]): string {
  const peers = [...new Set(operations.flatMap(({ medians }) => Object.keys(medians)))].filter(
    (name) => name !== 'echo' && name !== 'bookstore',
  );
  const columns = columnsFor(peers);
  const rows = operations.map((operation) => [
    operation.name,
    round(operation.medians.bookstore?.callsPerSecond ?? Number.NaN),
    ...columns.map((column) => ratioCell(operation, column)),
    `${Math.round(operation.spread * 100)}`,
  ]);
  return table(['Operation', 'calls/s', ...columns.map(({ title }) => title), 'spread, %'], rows);
}

interface Column {
  readonly title: string;
  readonly peer: string;
  readonly figureOf: (operation: OperationResult) => keyof Figures | undefined;
}

/** Calls are compared with each peer, CPU time with the first, and latency with the last. */
const columnsFor = (peers: readonly string[]): Column[] => [
  ...peers.map((peer) => ({
    title: `calls/s × ${peer}`,
    peer,
    figureOf: ({ openLoop }: OperationResult) => (openLoop ? undefined : ('callsPerSecond' as const)),
  })),
  ...peers.slice(0, 1).map((peer) => ({ title: `CPU × ${peer}`, peer, figureOf: () => 'cpuPerCall' as const })),
  ...peers.slice(-1).map((peer) => ({
    title: `latency × ${peer}`,
    peer,
    figureOf: ({ openLoop }: OperationResult) => (openLoop ? ('p99' as const) : ('p50' as const)),
  })),
];

function ratioCell(operation: OperationResult, { title, peer, figureOf }: Column): string {
  const figure = figureOf(operation);
  if (!figure) return '';
  const ratio = ratioOf(operation, figure, peer);
  const goal = operation.goals[title];
  return goal === undefined || isMet(title, ratio, goal) ? round(ratio) : `**${round(ratio)}** (${goal})`;
}

/** The bookstore's median divided by the peer's. */
export const ratioOf = ({ medians }: OperationResult, figure: keyof Figures, peer: string): number =>
  (medians.bookstore?.[figure] ?? Number.NaN) / (medians[peer]?.[figure] ?? Number.NaN);

/** More calls are better, and less of everything else. */
export const isMet = (title: string, ratio: number, goal: number): boolean =>
  title.startsWith('calls/s') ? ratio >= goal : ratio <= goal;

export function footprintTable(figures: readonly FootprintFigure[]): string {
  const rows = figures.map(({ name, value, unit, goal }) => {
    const shown = `${round(value)} ${unit}`.trim();
    return [name, goal === undefined || value <= goal ? shown : `**${shown}** (${goal})`];
  });
  return table(['What', 'Measured'], rows);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Each peer's medians of one operation, for the terminal. */
export function showOperation({ name, medians, spread }: OperationResult): string {
  const rows = Object.entries(medians).map(([peer, { callsPerSecond, p50, p99, cpuPerCall }]) =>
    [
      `  ${peer.padEnd(11)}`,
      `${callsPerSecond.toFixed(0).padStart(7)} calls/s`,
      `p50 ${round(p50).padStart(5)} ms`,
      `p99 ${round(p99).padStart(5)} ms`,
      `CPU ${cpuPerCall.toFixed(3)} ms a call`,
    ].join('  '),
  );
  return [`\n${name} (spread ${Math.round(spread * 100)} %)`, ...rows].join('\n');
}
