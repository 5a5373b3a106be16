import type { OperationResult } from './figures.js';
import { isMet, ratioOf } from './table.js';

const [WIDTH, LABELS, UNIT, LARGEST] = [880, 260, 260, 2];
const [TOP, ROW] = [68, 26];

const x = (ratio: number) => Math.round(LABELS + Math.min(ratio, LARGEST) * UNIT);
const text = (at: number, y: number, content: string | number, anchor = 'start') =>
  `<text x="${at}" y="${y}" text-anchor="${anchor}">${content}</text>`;
const bar = (color: string, y: number, ratio: number, height: number) =>
  `<rect fill="${color}" x="${LABELS}" y="${y}" width="${x(ratio) - LABELS}" height="${height}"/>`;
const line = (color: string, ratio: number, from: number, to: number) =>
  `<path stroke="${color}" stroke-width="2" d="M${x(ratio)} ${from}V${to}"/>`;

/** Calls per second in closed loops, as a multiple of pg's. On a ground of its own, for pages that are dark. */
export function plot(all: readonly OperationResult[]): string {
  const results = all.filter(({ operation }) => !operation.openLoop);
  const bottom = TOP + results.length * ROW;
  const rows = results.map((result, index) => {
    const { name, goals } = result.operation;
    const y = TOP + index * ROW;
    const own = ratioOf(result, 'calls/s', 'pg');
    const goal = goals['calls/s × pg'];
    return [
      text(LABELS - 10, y + 17, name, 'end'),
      bar(isMet('calls/s', own, goal ?? 0) ? '#10b981' : '#f97316', y + 4, own, 11),
      bar('#94a3b8', y + 16, own / ratioOf(result, 'calls/s', 'nest-prisma'), 5),
      goal === undefined ? '' : line('#1d4ed8', goal, y + 3, y + 22),
      text(x(LARGEST) + 16, y + 17, own.toFixed(2)),
    ].join('');
  });
  const ticks = [0, 1, 2].map(
    (ratio) => text(x(ratio), TOP - 8, ratio, 'middle') + line('#cbd5e1', ratio, TOP, bottom),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 16}" role="img" aria-labelledby="title">
<title id="title">Calls per second, as a multiple of pg’s</title>
<style>text { font: 13px sans-serif }</style>
<rect fill="#f8fafc" width="${WIDTH}" height="${bottom + 16}" rx="8"/>
${text(20, 32, 'Calls per second, as a multiple of pg’s. Wide: the bookstore, green above its goal (blue). Narrow: nest-prisma.')}
${[...ticks, ...rows].join('\n')}
</svg>
`;
}
