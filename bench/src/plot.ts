import type { OperationResult } from './figures.js';
import { isMet, ratioOf } from './table.js';

const [WIDTH, LABELS, UNIT, LARGEST] = [880, 260, 260, 2];
const [TOP, ROW] = [84, 26];

const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
  .title { font-size: 16px; font-weight: 600; }
  .ground { fill: #f8fafc; } .line { stroke: #94a3b8; }
  .met { fill: #047857; } .missed { fill: #c2410c; } .peer { fill: #94a3b8; } .goal { stroke: #1d4ed8; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb; } .ground { fill: #0f172a; } .line { stroke: #475569; }
    .met { fill: #10b981; } .missed { fill: #f97316; } .peer { fill: #64748b; } .goal { stroke: #60a5fa; }
  }`;

const x = (ratio: number) => Math.round(LABELS + Math.min(ratio, LARGEST) * UNIT);
const text = (at: number, y: number, content: string, attributes = '') =>
  `<text x="${at}" y="${y}" ${attributes}>${content}</text>`;
const bar = (style: string, y: number, ratio: number, height: number) =>
  `<rect class="${style}" x="${LABELS}" y="${y}" width="${x(ratio) - LABELS}" height="${height}"/>`;
const vertical = (style: string, ratio: number, from: number, to: number) =>
  `<path class="${style}" d="M${x(ratio)} ${from}V${to}"/>`;

/** Calls per second in closed loops, as a multiple of pg's. */
export function plot(all: readonly OperationResult[]): string {
  const results = all.filter(({ operation }) => !operation.openLoop);
  const bottom = TOP + results.length * ROW;
  const ticks = [0, 1, 2].map(
    (ratio) => text(x(ratio), TOP - 8, `${ratio}`, 'text-anchor="middle"') + vertical('line', ratio, TOP, bottom),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 16}" role="img" aria-labelledby="title">
<title id="title">Calls per second of the bookstore and of nest-prisma, as a multiple of pg’s</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${bottom + 16}" rx="8"/>
${text(20, 28, 'Calls per second, as a multiple of pg’s', 'class="title"')}
${text(20, 50, 'Wide: the bookstore, green where its goal (blue line) is met. Narrow: nest-prisma.')}
${[...ticks, ...results.map((result, index) => row(result, TOP + index * ROW))].join('\n')}
</svg>
`;
}

function row(result: OperationResult, y: number): string {
  const { name, goals } = result.operation;
  const own = ratioOf(result, 'calls/s', 'pg');
  const goal = goals['calls/s × pg'];
  return [
    text(LABELS - 10, y + 17, name, 'text-anchor="end"'),
    bar(isMet('calls/s', own, goal ?? 0) ? 'met' : 'missed', y + 4, own, 11),
    bar('peer', y + 16, own / ratioOf(result, 'calls/s', 'nest-prisma'), 5),
    goal === undefined ? '' : vertical('goal', goal, y + 3, y + 22),
    text(x(LARGEST) + 16, y + 17, own.toFixed(2)),
  ].join('');
}
