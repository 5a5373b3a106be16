import type { OperationResult } from './results.js';
import { isMet, ratioOf } from './table.js';

const WIDTH = 880;
const [LABELS, SCALE, LARGEST] = [260, 520, 2];
const [TOP, ROW] = [84, 26];
const GOAL = 'calls/s × pg';

const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
  .title { font-size: 16px; font-weight: 600; }
  .ground { fill: #f8fafc; } .line { stroke: #cbd5e1; } .base { stroke: #334155; stroke-width: 2; }
  .met { fill: #047857; } .missed { fill: #c2410c; } .peer { fill: #94a3b8; }
  .goal { stroke: #1d4ed8; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb; } .ground { fill: #0f172a; } .line { stroke: #334155; } .base { stroke: #cbd5e1; }
    .met { fill: #10b981; } .missed { fill: #f97316; } .peer { fill: #64748b; } .goal { stroke: #60a5fa; }
  }`;

const x = (ratio: number) => LABELS + (Math.min(ratio, LARGEST) / LARGEST) * SCALE;
const text = (at: number, y: number, content: string, attributes = '') =>
  `<text x="${at.toFixed(0)}" y="${y}" ${attributes}>${content}</text>`;
const bar = (style: string, y: number, ratio: number, height: number) =>
  `<rect class="${style}" x="${LABELS}" y="${y}" width="${(x(ratio) - LABELS).toFixed(0)}" height="${height}"/>`;
const vertical = (style: string, ratio: number, from: number, to: number) =>
  `<path class="${style}" d="M${x(ratio).toFixed(0)} ${from}V${to}"/>`;

/** Calls per second in closed loops, as a multiple of pg's. */
export function plot(all: readonly OperationResult[]): string {
  const operations = all.filter(({ openLoop }) => !openLoop);
  const bottom = TOP + operations.length * ROW;
  const ticks = Array.from({ length: LARGEST + 1 }, (_, ratio) => ratio);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 16}" role="img" aria-labelledby="title">
<title id="title">Calls per second of the bookstore and of nest-prisma, as a multiple of pg’s</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${bottom + 16}" rx="8"/>
${text(20, 28, 'Calls per second, as a multiple of pg’s', 'class="title"')}
${text(20, 50, 'Wide: the bookstore, green where its goal (blue line) is met. Narrow: nest-prisma.')}
${ticks.map((ratio) => text(x(ratio), TOP - 8, `${ratio}`, 'text-anchor="middle"')).join('\n')}
${ticks.map((ratio) => vertical(ratio === 1 ? 'base' : 'line', ratio, TOP, bottom)).join('\n')}
${operations.flatMap((operation, index) => row(operation, TOP + index * ROW)).join('\n')}
</svg>
`;
}

function row(operation: OperationResult, y: number): string[] {
  const own = ratioOf(operation, 'callsPerSecond', 'pg');
  const nestPrisma = own / ratioOf(operation, 'callsPerSecond', 'nest-prisma');
  const goal = operation.goals[GOAL] ?? 0;
  return [
    text(LABELS - 10, y + 17, operation.name, 'text-anchor="end"'),
    bar(isMet(GOAL, own, goal) ? 'met' : 'missed', y + 4, own, 11),
    bar('peer', y + 16, nestPrisma, 5),
    vertical('goal', goal, y + 3, y + 22),
    text(LABELS + SCALE + 16, y + 17, own.toFixed(2)),
  ];
}
