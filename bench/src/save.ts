import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../scripts/services.mjs';
import type { FootprintFigure, OperationResult } from './figures.js';
import { plot } from './plot.js';
import { footprintTable, loadTable } from './table.js';

const page = path.join(root, 'docs/performance.md');

/** Writes the tables of docs/performance.md, and its plot. */
export function save(results: readonly OperationResult[], figures: readonly FootprintFigure[], conditions: string) {
  const measured = [loadTable(results), footprintTable(figures), conditions].join('\n\n');
  writeFileSync(page, withMeasured(readFileSync(page, 'utf8'), measured));
  writeFileSync(path.join(root, 'docs/performance/plot.svg'), plot(results));
}

/** The page with this between its two marks. */
export function withMeasured(text: string, measured: string): string {
  const [before, after] = text.split(/(?<=<!-- measured: [^>]*-->\n).*(?=<!-- end of what was measured -->)/s);
  if (after === undefined) throw new Error('docs/performance.md lacks its marks');
  return `${before}\n${measured}\n\n${after}`;
}
