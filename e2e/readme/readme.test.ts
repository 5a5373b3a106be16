import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { commandBlocks } from '../src/readme/blocks.js';
import { cleanUp, wayToRun } from '../src/readme/how-to-run.js';
import { root } from '../src/root.js';

const target = inject('target');
const blocks = commandBlocks(readFileSync(path.join(root, 'README.md'), 'utf8'));
const shown = blocks.filter(({ notRun }) => notRun === undefined);

test('README.md shows commands', () => {
  expect(shown).not.toEqual([]);
});

test('a way to run is known for each of them', () => {
  for (const command of shown.flatMap(({ commands }) => commands)) expect(() => wayToRun(command)).not.toThrow();
});

test('what is not run says why', () => {
  for (const { notRun, line } of blocks) if (notRun !== undefined) expect(notRun, `line ${line}`).toMatch(/\w+ \w+/);
});

describe('they work as shown', () => {
  afterAll(cleanUp);
  const commands = shown
    .flatMap(({ commands }) => commands)
    .flatMap((command) => {
      const { on } = wayToRun(command);
      return !on || on.includes(target.name) ? [command] : [];
    });
  // In their order: the one before may be what the next one needs.
  test.each(commands)('%s', { timeout: 600_000 }, async (command) => {
    const result = await wayToRun(command).run(command, target);
    expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
  });
});
