import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../scripts/services.mjs';
import type { FootprintFigure, OperationResult } from './figures.js';
import { plot } from './plot.js';
import { footprintTable, loadTable } from './table.js';

const page = path.join(root, 'docs/performance.md');
const picture = path.join(root, 'docs/performance/plot.svg');
const BEGIN = '<!-- measured: written by npm run bench -- --save -->';
const END = '<!-- end of what was measured -->';

/** Writes the tables of docs/performance.md, and its plot. */
export function save(results: readonly OperationResult[], figures: readonly FootprintFigure[], conditions: string) {
  const measured = [loadTable(results), footprintTable(figures), conditions].join('\n\n');
  writeFileSync(picture, plot(results));
  writeFileSync(page, withMeasured(readFileSync(page, 'utf8'), measured));
}

/** The page with this between its two marks. */
export function withMeasured(text: string, measured: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} and ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${measured}\n\n${text.slice(end)}`;
}
