import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { root } from '../../../scripts/services.mjs';
import type { Run } from './scenario.js';

const page = path.join(root, 'docs/reliability.md');

/** What each scenario measured, as a table in Markdown. */
export function tableOf(runs: readonly Run[]): string {
  const rows = runs.map(({ scenario, broken, measured }) => {
    return `| ${scenario} | ${[...broken.map((promise) => `**BROKEN: ${promise}**`), ...measured].join('; ')} |`;
  });
  return ['| Scenario | Measured |', '| --- | --- |', ...rows].join('\n');
}

/**
 * Writes what was measured into docs/reliability.md.
 *
 * @throws Error when the page has no place for it
 */
export function saveMeasured(target: string, summary: string, table: string): void {
  const text = readFileSync(page, 'utf8');
  const place = new RegExp(`(?<=<!-- measured: ${target} -->\n).*?(?=<!-- end -->)`, 's');
  if (!place.test(text)) throw new Error(`docs/reliability.md has no place for ${target}`);
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, run by Node ${process.versions.node}`;
  writeFileSync(
    page,
    text.replace(place, () => `\n${summary} (${machine}).\n\n${table}\n\n`),
  );
}
