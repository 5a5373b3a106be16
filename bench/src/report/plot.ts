import { isMet, type OperationResult } from './results.js';

const [WIDTH, LABELS, SCALE, ROW, TOP] = [900, 320, 520, 24, 84] as const;
/** Ratios beyond this end at the edge. */
const LARGEST = 4;

/** Brings its own ground, and follows the reader's choice of a dark one. */
const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
  .title { font-size: 16px; font-weight: 600; }
  .small { font-size: 12px; fill: #4b5563; }
  .ground { fill: #f8fafc; }
  .line { stroke: #cbd5e1; } .base { stroke: #334155; stroke-width: 1.5; }
  .met { fill: #047857; } .missed { fill: #c2410c; } .free { fill: #64748b; }
  .peer { fill: #f8fafc; stroke: #334155; stroke-width: 1.5; }
  .goal { stroke: #1d4ed8; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb; } .small { fill: #9ca3af; } .ground { fill: #0f172a; }
    .line { stroke: #334155; } .base { stroke: #cbd5e1; }
    .met { fill: #10b981; } .missed { fill: #f97316; } .free { fill: #94a3b8; }
    .peer { fill: #0f172a; stroke: #e2e8f0; } .goal { stroke: #60a5fa; }
  }`;

const x = (ratio: number) => LABELS + (Math.min(ratio, LARGEST) / LARGEST) * SCALE;
const text = (at: number, y: number, content: string, attributes = '') =>
  `<text x="${at.toFixed(0)}" y="${y}"${attributes && ` ${attributes}`}>${content}</text>`;
const vertical = (at: number, from: number, to: number, style: string) =>
  `<path class="${style}" d="M${at.toFixed(1)} ${from}V${to}" fill="none"/>`;

/** Throughput in each closed loop as a multiple of pg's. */
export function plot(all: readonly OperationResult[]): string {
  const operations = all.filter(({ name, medians }) => medians.pg && medians.bookstore && !name.includes('open loop'));
  const bottom = TOP + operations.length * ROW;
  const ticks = Array.from({ length: LARGEST + 1 }, (_, ratio) => ratio);
  const parts = [
    `<rect class="ground" width="${WIDTH}" height="${bottom + 16}" rx="8"/>`,
    text(20, 30, 'Calls per second, as a multiple of pg’s', 'class="title"'),
    ...legend(),
    ...ticks.map((ratio) => text(x(ratio), TOP - 8, `${ratio}`, 'class="small" text-anchor="middle"')),
    ...ticks.map((ratio) => vertical(x(ratio), TOP, bottom, ratio === 1 ? 'base' : 'line')),
    ...operations.flatMap((operation, index) => row(operation, TOP + index * ROW)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 16}" role="img" aria-labelledby="title">
<title id="title">Calls per second of the bookstore and its peers, as a multiple of pg’s</title>
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

function legend(): string[] {
  const y = 52;
  const swatch = (at: number, style: string) =>
    `<rect class="${style}" x="${at}" y="${y - 10}" width="14" height="12"/>`;
  return [
    ...[swatch(20, 'met'), swatch(38, 'missed'), swatch(56, 'free')],
    text(76, y, 'the bookstore; goal met, missed, none', 'class="small"'),
    vertical(372, y - 12, y + 4, 'goal'),
    text(380, y, 'that goal', 'class="small"'),
    ...peer(462, y - 4, 'echo'),
    text(476, y, 'echo', 'class="small"'),
    ...peer(552, y - 4, 'nest-prisma'),
    text(566, y, 'nest-prisma', 'class="small"'),
  ];
}

const peer = (at: number, y: number, name: string) => [
  `<circle class="peer" cx="${at.toFixed(1)}" cy="${y}" r="8"/>`,
  text(at, y + 4, name[0] ?? '', 'class="small" text-anchor="middle"'),
];

function row({ name, medians, verdicts }: OperationResult, y: number): string[] {
  const ratio = (contender: string) =>
    (medians[contender]?.callsPerSecond ?? Number.NaN) / (medians.pg?.callsPerSecond ?? Number.NaN);
  const own = ratio('bookstore');
  const goal = verdicts.find(({ of, against }) => of === 'callsPerSecond' && against === 'pg');
  const met = goal && isMet(goal.ratio, goal);
  const style = met === undefined ? 'free' : met ? 'met' : 'missed';
  return [
    text(LABELS - 10, y + 16, name, 'text-anchor="end"'),
    `<rect class="${style}" x="${LABELS}" y="${y + 5}" width="${(x(own) - LABELS).toFixed(1)}" height="14"/>`,
    ...(goal?.atLeast ? [vertical(x(goal.atLeast), y + 2, y + 22, 'goal')] : []),
    ...['echo', 'nest-prisma']
      .filter((contender) => medians[contender])
      .flatMap((contender) => peer(x(ratio(contender)), y + 12, contender)),
    text(LABELS + SCALE + 16, y + 16, own.toFixed(2)),
  ];
}
