import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ProgramResult } from '@bookstore/sandbox';
import { expect, inject, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { outputOf, textOf } from '../src/process/output-of.js';
import { blocksOf, commandsOf } from '../src/readme/blocks.js';
import type { TargetName } from '../src/targets/target.js';

const { name: target, authorAddress, bookAddress } = inject('target');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const shown = commandsOf(readme);

/** What runs as part of something else. */
const elsewhere = [
  /^npm ci$/, // it has installed what runs this
  /^npm start$/, // e2e/start
  /^docker compose up --wait$/, // the target compose, as the next one
  /^docker compose --profile '\*' down --volumes$/,
];

interface WayToRun {
  readonly matches: RegExp;
  readonly on: TargetName;
  readonly run: (command: string) => Promise<ProgramResult>;
}
const portOf = (address: string): string => address.replace(/^.*:/, '');
const ofTarget = { AUTHOR_PORT: portOf(authorAddress), BOOK_PORT: portOf(bookAddress) };
const atTarget = (command: string) =>
  command.replaceAll('127.0.0.1:50051', authorAddress).replaceAll('127.0.0.1:50052', bookAddress);

/** The others, each with the target that it is run with. */
const waysToRun: readonly WayToRun[] = [
  { matches: /^npm run seed$/, on: 'embedded', run: (command) => outputOf(command, { env: ofTarget }) },
  { matches: /^npx buf curl /, on: 'embedded', run: (command) => outputOf(atTarget(command)) },
  { matches: /^IMAGE_PREFIX=\S+ IMAGE_TAG=\S+ docker compose build$/, on: 'compose', run: buildAndRemove },
];
const wayToRun = (command: string) => waysToRun.find(({ matches }) => matches.test(command));

/** Builds images named for somebody's registry. They have other names too, which stay. */
async function buildAndRemove(command: string) {
  const built = await outputOf(command);
  const format = '{{.Repository}}:{{.Tag}}';
  const names = await textOf(['docker', 'images', '--format', format, 'registry.example.com/*/*']);
  await outputOf(['docker', 'rmi', ...names.split('\n').filter(Boolean)]);
  return built;
}

test('a way to run is known for each command of README.md, and what is not run says why', () => {
  expect(shown).not.toEqual([]);
  const known = (command: string) => wayToRun(command) ?? elsewhere.some((pattern) => pattern.test(command));
  expect(shown.filter((command) => !known(command))).toEqual([]);
  for (const reason of blocksOf(readme).flatMap(({ notRun }) => notRun ?? [])) expect(reason).toMatch(/\w+ \w+/);
});

// In their order: the one before may be what the next one needs.
test.each(shown.filter((command) => wayToRun(command)?.on === target))('%s', { timeout: 600_000 }, async (command) => {
  const result = await wayToRun(command)?.run(command);
  expect(result?.status, `${result?.stdout}${result?.stderr}`).toBe(0);
});
