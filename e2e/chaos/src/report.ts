import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Finding } from './scenario.js';

/** The path is the same from the source and from the compiled file. */
const page = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

/** A Markdown table of all promises. */
export function tableOf(findings: readonly Finding[]): string {
  const verdict = ({ isHeld }: Finding) => (isHeld === undefined ? 'not promised' : isHeld ? 'held' : 'BROKEN');
  return [
    row('Scenario', 'Fault', 'Promise', 'Measured', ''),
    row('---', '---', '---', '---', '---'),
    ...findings.map((each) => row(each.scenario, each.fault, each.promise, each.measured, verdict(each))),
  ].join('\n');
}

/**
 * Writes a short table into docs/reliability.md, a line for each fault.
 *
 * @throws Error when the page has no place for it
 */
export function saveMeasured(target: string, findings: readonly Finding[], summary: string): void {
  const text = readFileSync(page, 'utf8');
  const begin = `<!-- measured: ${target} -->\n`;
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf('<!-- end -->', from);
  if (from < begin.length || to < 0) throw new Error(`docs/reliability.md has no ${begin}`);
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const faults = [...new Set(findings.map(({ fault }) => fault))].map((fault) => {
    const measured = findings
      .filter((each) => each.fault === fault)
      .map(({ isHeld, measured }) => (isHeld === false ? `**BROKEN: ${measured}**` : measured));
    return row(fault, measured.join('; '));
  });
  const table = [row('Fault', 'Measured'), row('---', '---'), ...faults].join('\n');
  writeFileSync(page, `${text.slice(0, from)}\n${summary} (${machine}).\n\n${table}\n\n${text.slice(to)}`);
}

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
