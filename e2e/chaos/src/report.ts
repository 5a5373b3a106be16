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
 * Writes a short table into docs/reliability.md: a row for each scenario.
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
  const table = [
    row('Scenario', 'Faults', 'Measured', 'Held'),
    row('---', '---', '---', '---'),
    ...unique(findings.map(({ scenario }) => scenario)).map((scenario) =>
      summaryOf(findings.filter((finding) => finding.scenario === scenario)),
    ),
  ].join('\n');
  writeFileSync(page, `${text.slice(0, from)}\n${summary} (${machine}).\n\n${table}\n\n${text.slice(to)}`);
}

function summaryOf(findings: readonly Finding[]): string {
  const promised = findings.filter(({ isHeld }) => isHeld !== undefined);
  // A count of zero is said by its promise.
  const measured = findings.filter((finding) => /[1-9]/.test(finding.measured) || finding.isHeld === false);
  return row(
    findings[0]?.scenario ?? '',
    unique(findings.map(({ fault }) => fault)).join('; '),
    measured.map((finding) => `${finding.isHeld === false ? 'BROKEN: ' : ''}${finding.measured}`).join('; '),
    `${promised.filter(({ isHeld }) => isHeld).length} of ${promised.length}`,
  );
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
