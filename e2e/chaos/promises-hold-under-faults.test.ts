import { expect, test } from 'vitest';
import { rows } from './src/rows/index.js';
import { runRows } from './src/run-rows.js';

/** Those rows of the table that say most in little time; `npm run chaos` has them all. */
const ROWS = new Set([1, 2]);

test.for(rows.filter(({ number }) => ROWS.has(number)).map((row) => [row.number, row] as const))(
  'row %i of the table of faults',
  async ([, row], { onTestFailed }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const said: string[] = [`seed ${seed}`];
    // Also when its time is over.
    onTestFailed(() => console.error(said.join('\n')));
    const say = (line: string) => said.push(line);
    const [report] = await runRows([row], { scale: 'test', seed, say });
    expect(report?.findings.filter(({ holds, timed }) => holds === false && !timed)).toEqual([]);
  },
);
