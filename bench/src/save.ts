import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { plot } from './plot.js';
import type { Results } from './results.js';
import { repository } from './start-peer.js';
import { footprintTable, loadTable } from './table.js';

const page = path.join(repository, 'docs/performance.md');
const file = path.join(repository, 'docs/performance/results.json');
const picture = path.join(repository, 'docs/performance/plot.svg');
const BEGIN = '<!-- measured: written by npm run bench -- --save -->';
const END = '<!-- end of what was measured -->';

/** Writes docs/performance.md and its folder; a part that was not measured keeps its last figures. */
export function save(measured: Results): void {
  const results: Results = { ...JSON.parse(readFileSync(file, 'utf8')), ...measured };
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(picture, plot(results.load?.operations ?? []));
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), results));
}

/** The page with the tables between its two marks. */
export function withTables(text: string, { load, footprint }: Results): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} and ${END}`);
  const parts = [
    ...(load ? [loadTable(load.operations), `${load.date}, ${load.machine}; ${load.conditions}.`] : []),
    ...(footprint
      ? [footprintTable(footprint.figures), `${footprint.date}, ${footprint.machine}; ${footprint.conditions}.`]
      : []),
  ];
  return `${text.slice(0, begin)}${BEGIN}\n\n${parts.join('\n\n')}\n\n${text.slice(end)}`;
}
