import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Run } from './scenario.js';

/** The path is the same from the source and from the compiled file. */
const page = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

/** What each scenario measured, as a table in Markdown. */
export function tableOf(runs: readonly Run[]): string {
  const rows = runs.map(({ scenario, findings }) => {
    const broken = findings.filter(({ isHeld }) => !isHeld).map(({ promise }) => `**BROKEN: ${promise}**`);
    const measured = findings.map((finding) => finding.measured).filter(Boolean);
    return `| ${scenario} | ${[...broken, ...measured].join('; ')} |`;
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
  const begin = `<!-- measured: ${target} -->\n`;
  const [before, rest] = text.split(begin);
  const after = rest?.slice(rest.indexOf('<!-- end -->'));
  if (!after) throw new Error(`docs/reliability.md has no ${begin}`);
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  writeFileSync(page, `${before}${begin}\n${summary} (${machine}).\n\n${table}\n\n${after}`);
}
