import type { BookstoreModel, InternalCall, ServiceBox } from './bookstore-model.js';

const WIDTH = 880;
const BOX = { width: 300, top: 96, header: 54, line: 18 } as const;
const LEFT = [40, WIDTH - 40 - BOX.width] as const;
const DATABASE_HEIGHT = 84;
const GAP = 56;

/** Readable on a light page and on a dark one: the picture brings its own ground. */
const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2937; }
  .name { font-size: 16px; font-weight: 600; }
  .small { font-size: 12px; fill: #4b5563; }
  .mono { font: 12px ui-monospace, monospace; }
  .box { fill: #ffffff; stroke: #334155; stroke-width: 1.5; }
  .head { fill: #e0e7ff; stroke: #334155; stroke-width: 1.5; }
  .data { fill: #ecfdf5; stroke: #047857; stroke-width: 1.5; }
  .arrow { stroke: #334155; stroke-width: 1.5; fill: none; marker-end: url(#tip); }
  .internal { stroke: #b45309; stroke-dasharray: 5 4; }`;

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${content}</text>`;
const centred = (style: string): string => `class="${style}" text-anchor="middle"`;
const arrow = (x1: number, y1: number, x2: number, y2: number, style = ''): string =>
  `<path class="arrow${style && ` ${style}`}" d="M${x1} ${y1}L${x2} ${y2}"/>`;

/** The bookstore as one picture: callers, both services with their methods, their databases, and who calls whom. */
export function draw({ services, calls }: BookstoreModel): string {
  const methods = Math.max(...services.map(({ api }) => api.methods.length));
  const bottom = BOX.top + BOX.header + methods * BOX.line + 18;
  const height = bottom + GAP + DATABASE_HEIGHT + 24;
  const parts = [
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#f8fafc"/>`,
    ...services.flatMap((service, index) => drawService(service, LEFT[index] ?? 0, bottom)),
    ...calls.flatMap((call, index) => drawCall(call, services, BOX.top + BOX.header + 34 + index * 62)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">${describe(services, calls)}</title>
<style>${STYLE}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#334155"/></marker></defs>
${parts.join('\n')}
</svg>
`;
}

function drawService({ name, port, api, database }: ServiceBox, x: number, bottom: number): string[] {
  const middle = x + BOX.width / 2;
  const first = BOX.top + BOX.header + 22;
  const top = bottom + GAP;
  return [
    text(middle, 30, 'grpcurl, grpcui, your client', centred('small')),
    arrow(middle, 40, middle, BOX.top),
    text(middle + 10, 72, `:${port}`, 'class="mono"'),
    `<rect class="box" x="${x}" y="${BOX.top}" width="${BOX.width}" height="${bottom - BOX.top}" rx="6"/>`,
    `<rect class="head" x="${x}" y="${BOX.top}" width="${BOX.width}" height="${BOX.header}" rx="6"/>`,
    text(x + 16, BOX.top + 23, name, 'class="name"'),
    text(x + 16, BOX.top + 43, api.name, 'class="mono"'),
    ...api.methods.map((method, index) => text(x + 16, first + index * BOX.line, method, 'class="mono"')),
    arrow(middle, bottom, middle, top),
    `<path class="data" d="M${x + 20} ${top + 10}a130 10 0 0 1 260 0v${DATABASE_HEIGHT - 20}a130 10 0 0 1 -260 0z"/>`,
    `<path class="data" fill-opacity="0" d="M${x + 20} ${top + 10}a130 10 0 0 0 260 0"/>`,
    text(middle, top + 42, `${database.name} (${database.image})`, centred('name')),
    text(middle, top + 62, database.tables.join(', '), centred('mono')),
  ];
}

function drawCall({ from, to, port, method }: InternalCall, services: readonly ServiceBox[], y: number): string[] {
  const [start, end] = [from, to].map((name) => services.findIndex((service) => service.name === name));
  const rightwards = (start ?? 0) < (end ?? 0);
  const [left, right] = [LEFT[0] + BOX.width, LEFT[1]];
  const [service = '', rpc = ''] = method.split('.');
  const middle = (left + right) / 2;
  return [
    rightwards ? arrow(left, y, right, y, 'internal') : arrow(right, y, left, y, 'internal'),
    text(middle, y - 8, `${rpc} :${port}`, centred('mono')),
    text(middle, y + 17, service, centred('small')),
  ];
}

const describe = (services: readonly ServiceBox[], calls: readonly InternalCall[]): string =>
  [
    ...services.map(({ name, port, database }) => `${name} on port ${port}, with ${database.name}`),
    ...calls.map(({ from, to, port, method }) => `${from} calls ${method} of ${to} on port ${port}`),
  ].join('; ');
