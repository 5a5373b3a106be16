import type { Measured } from './measure.js';

const COLORS: Record<string, string> = {
  E: '#9aa5b1',
  B: '#5b7db1',
  N: '#c28f5b',
  bookstore: '#2f8f5b',
  against: '#8f2f6b',
};
const [LABELS, BARS, HEIGHT, GAP] = [250, 520, 14, 12];

/** Throughput of each operation as bars, relative to B's. */
export function plot(all: readonly Measured[]): string {
  const parts: string[] = [];
  let y = 30;
  for (const { operation, medians } of all) {
    const base = medians.get('B')?.callsPerSecond ?? 1;
    const largest = Math.max(...[...medians.values()].map(({ callsPerSecond }) => callsPerSecond / base), 2);
    parts.push(`<text x="${LABELS - 8}" y="${y + 11}" text-anchor="end">${operation.name}</text>`);
    for (const [name, { callsPerSecond }] of medians) {
      const width = (callsPerSecond / base / largest) * BARS * 0.8;
      const label = `${name} ${(callsPerSecond / base).toFixed(2)} (${callsPerSecond.toFixed(0)}/s)`;
      parts.push(
        `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${HEIGHT}" fill="${COLORS[name]}"/>`,
      );
      parts.push(`<text x="${(LABELS + width + 5).toFixed(1)}" y="${y + 11}">${label}</text>`);
      y += HEIGHT + 2;
    }
    y += GAP;
  }
  const style = 'font: 11px system-ui, sans-serif; fill: #333';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LABELS + BARS + 120}" height="${y}" style="background: #fff">
<g style="${style}"><text x="${LABELS}" y="18">calls per second, as a multiple of B's</text>
${parts.join('\n')}
</g></svg>
`;
}
