import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

/**
 * Puts a target's table where people read it, with the command and the machine that made it.
 *
 * @throws Error when the page has no place for it
 */
export function saveTable(target: string, table: string, summary: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- measured: ${target} -->`, '<!-- end -->'];
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`docs/reliability.md has no ${begin}`);
  const command = ['npm run chaos', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  const machine = `${cpus().length} cores and ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const measured = `${begin}\n\n\`${command}\` on ${machine}: ${summary}.\n\n${table}\n\n`;
  writeFileSync(page, text.slice(0, from) + measured + text.slice(to));
}
