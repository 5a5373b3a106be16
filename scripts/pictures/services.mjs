// docs/diagram.svg: the services with their methods, their databases, and which of them call each other.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../run.mjs';
import { services } from '../services.mjs';

const BOX = { width: 300, top: 96, header: 54, line: 18, gap: 200 };
const DATABASE = { height: 66, gap: 56 };
const MARGIN = 40;
const WIDTH = 2 * MARGIN + services.length * BOX.width + (services.length - 1) * BOX.gap;

const read = (file) => readFileSync(path.join(root, file), 'utf8');
const leftOf = (index) => MARGIN + index * (BOX.width + BOX.gap);
const indexOf = (name) => services.findIndex((service) => service.name === name);

/** What the contract, the schema and compose.yaml say of a service. */
function describe(service) {
  const folder = `proto/bookstore/${service.shortName}`;
  const files = readdirSync(path.join(root, folder), { recursive: true }).filter((file) => file.endsWith('.proto'));
  const apis = files.sort().flatMap((file) =>
    [...read(path.join(folder, file)).matchAll(/^service (\w+) \{(.*?)^\}/gms)].map(([, name, body]) => ({
      name,
      methods: [...body.matchAll(/^ {2}rpc (\w+)/gm)].map(([, method]) => method),
    })),
  );
  const schema = read(`${service.name}/prisma/schema.prisma`);
  const database = `${service.shortName}-db`;
  return {
    ...service,
    // Its public API has the most methods.
    apis: apis.sort((a, b) => b.methods.length - a.methods.length),
    tables: [...schema.matchAll(/@@map\("(\w+)"\)/g)].map(([, table]) => table).join(', '),
    database: `${database} (${parse(read('compose.yaml'), { merge: true }).services[database]?.image})`,
  };
}

/** The lines within a service's box: the public methods, then each internal API. */
const linesOf = ({ apis: [api, ...internal] }) => [
  ...api.methods,
  ...internal.flatMap(({ name, methods }) => ['', `${name}: ${methods.join(', ')}`]),
];

export function drawServices() {
  const boxes = services.map(describe);
  const bottom = BOX.top + BOX.header + Math.max(...boxes.map((box) => linesOf(box).length)) * BOX.line + 18;
  const height = bottom + DATABASE.gap + DATABASE.height + 24;
  const calls = boxes.flatMap(({ name, peers }) => peers.map((peer) => ({ from: name, to: peer })));
  const title = [
    ...boxes.map(({ name, port, database }) => `${name} on port ${port}, with ${database}`),
    ...calls.map(({ from, to }) => `${from} calls ${to}`),
  ].join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<style>${STYLE}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>
<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
${calls.flatMap((call, index) => drawCall(call, BOX.top + BOX.header + 30 + index * 52)).join('\n')}
${boxes.flatMap((box, index) => drawService(box, leftOf(index), bottom)).join('\n')}
</svg>
`;
}

const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
  .name { font-size: 16px; font-weight: 600; }
  .small { font-size: 12px; fill: #4b5563; }
  .mono { font: 12px ui-monospace, monospace; }
  .ground { fill: #f8fafc; }
  .box { fill: #ffffff; stroke: #334155; stroke-width: 1.5; }
  .head { fill: #e0e7ff; }
  .data { fill: #ecfdf5; stroke: #047857; stroke-width: 1.5; }
  .tip { fill: #334155; }
  .arrow { stroke: #334155; stroke-width: 1.5; fill: none; marker-end: url(#tip); }
  .internal { stroke: #b45309; stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb; } .small { fill: #9ca3af; } .ground { fill: #0f172a; } .tip { fill: #cbd5e1; }
    .box { fill: #1e293b; stroke: #94a3b8; } .head { fill: #312e81; } .data { fill: #064e3b; stroke: #34d399; }
    .arrow { stroke: #cbd5e1; } .internal { stroke: #fbbf24; }
  }`;

const text = (x, y, content, style, anchor = 'middle') =>
  `<text x="${x}" y="${y}" class="${style}" text-anchor="${anchor}">${content}</text>`;
const arrow = (x1, y1, x2, y2, style = 'arrow') => `<path class="${style}" d="M${x1} ${y1}L${x2} ${y2}"/>`;

function drawService(box, x, bottom) {
  const middle = x + BOX.width / 2;
  const top = bottom + DATABASE.gap;
  return [
    text(middle, 30, 'grpcurl, grpcui, your client', 'small'),
    arrow(middle, 40, middle, BOX.top),
    text(middle + 10, 72, `:${box.port}`, 'mono', 'start'),
    `<rect class="box" x="${x}" y="${BOX.top}" width="${BOX.width}" height="${bottom - BOX.top}" rx="6"/>`,
    `<rect class="box head" x="${x}" y="${BOX.top}" width="${BOX.width}" height="${BOX.header}" rx="6"/>`,
    text(x + 16, BOX.top + 23, box.name, 'name', 'start'),
    text(x + 16, BOX.top + 43, box.apis[0].name, 'mono', 'start'),
    ...linesOf(box).map((line, index) =>
      text(x + 16, BOX.top + BOX.header + 22 + index * BOX.line, line, 'mono', 'start'),
    ),
    arrow(middle, bottom, middle, top),
    `<rect class="data" x="${x + 20}" y="${top}" width="${BOX.width - 40}" height="${DATABASE.height}" rx="24"/>`,
    text(middle, top + 30, box.database, 'name'),
    text(middle, top + 50, box.tables, 'small'),
  ];
}

/** Behind the boxes, so that it may pass a service on its way. */
function drawCall({ from, to }, y) {
  const [start, end] = [indexOf(from), indexOf(to)];
  const rightwards = start < end;
  const [x1, x2] = rightwards ? [leftOf(start) + BOX.width, leftOf(end)] : [leftOf(start), leftOf(end) + BOX.width];
  const label = `${to}:${services[end].internalPort}`;
  return [
    arrow(x1, y, x2, y, 'arrow internal'),
    text(x1 + (rightwards ? BOX.gap / 2 : -BOX.gap / 2), y - 8, label, 'mono'),
  ];
}
