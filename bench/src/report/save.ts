import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { asMarkdown } from './markdown.js';
import { plot } from './plot.js';
import type { Results } from './results.js';

const docs = fileURLToPath(new URL('../../../docs', import.meta.url));
const BEGIN = '<!-- measured: written by npm run bench -- --save -->';
const END = '<!-- end of what was measured -->';

/** Puts what was measured into docs/; the parts that were not keep their last figures. */
export function save(measured: Results): void {
  const folder = path.join(docs, 'performance');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'results.json');
  const known: Results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const results = { ...known, ...measured };
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  if (results.load?.operations) writeFileSync(path.join(folder, 'plot.svg'), plot(results.load.operations));
  const page = path.join(docs, 'performance.md');
  writeFileSync(page, withMeasured(readFileSync(page, 'utf8'), asMarkdown(results)));
}

/** @throws Error when the page has no place for it */
export function withMeasured(page: string, table: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} and ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n${page.slice(end)}`;
}
