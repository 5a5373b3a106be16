import { afterAll, expect, test } from 'vitest';
import { sharedEmbedded } from './src/bookstore/embedded-bookstore.js';
import { Run } from './src/scenario.js';
import { killPoints } from './src/scenarios/kill-points.js';
import { races } from './src/scenarios/races.js';

afterAll(() => sharedEmbedded.stop());

/** `npm run chaos` has all scenarios. */
test.concurrent.for([races, killPoints])(
  '$name: the promises are held',
  async ({ name, embedded }, { onTestFailed }) => {
    const lines: string[] = [];
    onTestFailed(() => console.error(lines.join('\n')));
    const run = new Run(name, true, (line) => lines.push(line));
    await run.play(embedded as NonNullable<typeof embedded>);
    expect(run.findings.filter(({ isHeld, isTimed }) => isHeld === false && !isTimed)).toEqual([]);
  },
);
