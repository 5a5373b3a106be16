import { writeFileSync } from 'node:fs';
import { ComposeBookstore } from './compose/compose-bookstore.js';
import { type ChaosOptions, parseOptions, USAGE } from './options.js';
import { asTable, broken } from './report.js';
import { composeRows, rows } from './rows/index.js';
import { runRows } from './run-rows.js';
import { saveTable } from './save-table.js';

/** `npm run chaos`: prints fault × promise × measured, and ends with status 1 when a promise does not hold. */

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await run(options);
} catch (error) {
  console.error(`npm run chaos: ${(error as Error).message}`);
  process.exitCode = 2;
}

async function run({ target, rows: wanted, short, untimed, seed, json, save }: ChaosOptions): Promise<void> {
  const chosen = (target === 'compose' ? composeRows : rows).filter((row) => wanted?.has(row.number) ?? true);
  if (chosen.length === 0) throw new Error(`--rows names no row that the ${target} target has`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void giveUp());
  const scale = short ? 'short' : 'full';
  const startedAt = performance.now();
  const since = () => `${Math.round((performance.now() - startedAt) / 1000)} s`.padStart(6);
  console.log(`chaos: ${target}, ${scale}; --seed ${seed} repeats its choices\n`);
  const reports = await runRows(chosen, { scale, seed, say: (line) => console.log(`${since()}  ${line}`) });
  const table = asTable(reports);
  console.log(`\n${table}\n`);
  const failed = broken(reports, false);
  const promises = reports.flatMap(({ findings }) => findings).filter(({ holds }) => holds !== undefined).length;
  const summary = `${promises - failed} of ${promises} promises hold, after ${since().trim()}`;
  console.log(summary);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ target, scale, seed, reports }, null, 2)}\n`);
  if (save) saveTable(target, table, summary);
  process.exitCode = broken(reports, untimed) > 0 ? 1 : 0;
}

/** Containers outlive the program that started them, unlike child processes on a leash. */
async function giveUp(): Promise<void> {
  await ComposeBookstore.removeAll();
  process.exit(130);
}
