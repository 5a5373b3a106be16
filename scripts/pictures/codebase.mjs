// docs/codebase.svg: a circle for each file within the circles of its folders, as GitHub Next's repo-visualizer draws it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pack, stratify } from 'd3-hierarchy';
import { root } from '../run.mjs';
import { services } from '../services.mjs';
import { sourceFiles } from './source-files.mjs';

const SIZE = 1000;
const LEGEND_HEIGHT = 44;
/** Width of a letter of a label. */
const LETTER = 6.6;

/** A file has the first kind that fits. */
const KINDS = [
  { name: 'test', pattern: /^e2e\/.*\.m?[jt]s$|\/test\/.*\.ts$|\.test\.ts$/, light: '#f59e0b', dark: '#fbbf24' },
  { name: 'TypeScript, JavaScript', pattern: /\.m?[jt]s$/, light: '#2563eb', dark: '#60a5fa' },
  { name: '.proto', pattern: /\.proto$/, light: '#db2777', dark: '#f472b6' },
  { name: 'SQL, Prisma', pattern: /\.(sql|prisma)$/, light: '#059669', dark: '#34d399' },
  { name: 'YAML', pattern: /\.ya?ml$/, light: '#7c3aed', dark: '#a78bfa' },
  { name: 'Markdown', pattern: /\.md$/, light: '#0e7490', dark: '#22d3ee' },
  { name: 'other', pattern: /./, light: '#94a3b8', dark: '#64748b' },
];

/** Generated, or not text. */
const LEFT_OUT = /^proto\/gen\/|^package-lock\.json$|\/results\.json$|\.(binpb|png|svg)$/;

const kindOf = (file) => KINDS.findIndex(({ pattern }) => pattern.test(file));
const pathOf = (node) => node.id.slice(1);
const nameOf = (node) => path.posix.basename(node.id);
const isService = (node) => services.some(({ name }) => pathOf(node) === name);

/** The number of lines, rounded to a power of three: the picture stays the same while a file grows by a few lines. */
function roundedLength(file) {
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n').length;
  return 3 ** Math.min(6, Math.max(2, Math.round(Math.log(lines) / Math.log(3))));
}

function layOut() {
  const files = sourceFiles().filter((file) => !LEFT_OUT.test(file));
  const tree = stratify()
    .path(({ file }) => file)(files.map((file) => ({ file, length: roundedLength(file) })))
    .sum((data) => data?.length ?? 0)
    // What comes first is packed in the middle.
    .sort((a, b) => isService(b) - isService(a) || b.value - a.value || (a.id < b.id ? -1 : 1));
  return pack()
    .size([SIZE, SIZE])
    .padding((node) => (node.depth === 0 ? 14 : node.depth === 1 ? 7 : 3))(tree);
}

export function drawCodebase() {
  const nodes = layOut().descendants().slice(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE + LEGEND_HEIGHT}" role="img" aria-labelledby="title">
<title id="title">The files of the repository in their folders, by length and kind</title>
<style>${style()}
</style>
<rect class="ground" width="${SIZE}" height="${SIZE + LEGEND_HEIGHT}" rx="8"/>
${nodes.map(circle).join('\n')}
${nodes.filter(hasLabel).map(label).join('\n')}
${legend()}
</svg>
`;
}

const style = () => `
  text { font: 500 12px ui-sans-serif, system-ui, sans-serif; fill: #1e293b; text-anchor: middle; }
  .folder { fill: #64748b; fill-opacity: 0.1; stroke: #64748b; stroke-opacity: 0.4; }
  .service { stroke: #1d4ed8; stroke-opacity: 1; stroke-width: 2; }
  .top { font-size: 16px; font-weight: 700; }
  .halo { stroke: #f8fafc; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
  .ground { fill: #f8fafc; }
  .legend { font-size: 15px; text-anchor: start; }
${KINDS.map(({ light }, kind) => `  .k${kind} { fill: ${light}; }`).join('\n')}
  @media (prefers-color-scheme: dark) {
    text { fill: #e2e8f0; } .ground { fill: #0f172a; } .halo { stroke: #0f172a; }
    .folder { fill: #94a3b8; stroke: #94a3b8; fill-opacity: 0.12; } .service { stroke: #60a5fa; }
${KINDS.map(({ dark }, kind) => `    .k${kind} { fill: ${dark}; }`).join('\n')}
  }`;

/** A browser shows the title of a circle under the mouse. */
function circle(node) {
  const kind = node.children ? `folder${isService(node) ? ' service' : ''}` : `k${kindOf(pathOf(node))}`;
  const [x, y, r] = [node.x, node.y, node.r].map((value) => value.toFixed(1));
  return `<circle class="${kind}" cx="${x}" cy="${y}" r="${r}"><title>${escaped(pathOf(node))}</title></circle>`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The folders of the first level, and below them the large ones that do not fill their folder. */
const hasLabel = (node) => node.children && (node.depth === 1 || (isCurved(node) && node.r < 0.85 * node.parent.r));

/** Where a third of the circle's edge holds the name. */
const isCurved = (node) => node.r > 24 && nameOf(node).length * LETTER < (2 * Math.PI * node.r) / 3;

function label(node, index) {
  const [x, y, r] = [node.x, node.y, node.r - 3].map(Math.round);
  const name = escaped(nameOf(node));
  if (!isCurved(node)) return `<text class="halo" x="${x}" y="${y - r - 5}">${name}</text>`;
  const edge = `M${x} ${y + r}A${r} ${r} 0 0 1 ${x} ${y - r}A${r} ${r} 0 0 1 ${x} ${y + r}`;
  const style = node.depth === 1 ? 'top halo' : 'halo';
  return `<path id="edge${index}" fill="none" d="${edge}"/><text class="${style}"><textPath href="#edge${index}" startOffset="50%">${name}</textPath></text>`;
}

function legend() {
  let x = 24;
  return KINDS.map(({ name }, kind) => {
    const at = Math.round(x);
    x += 52 + name.length * 8.2;
    return `<circle class="k${kind}" cx="${at}" cy="${SIZE + 18}" r="8"/><text class="legend" x="${at + 14}" y="${SIZE + 23}">${name}</text>`;
  }).join('\n');
}
