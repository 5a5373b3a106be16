import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root, services } from '../../scripts/services.mjs';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json'));
const composed = parse(read('compose.yaml'), { merge: true }).services;
const inDocs = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => path.posix.join('docs', ...file.split(path.sep)));

describe.each([
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'k8s/README.md',
  'service-kit/README.md',
  ...services.map(({ name }) => `${name}/README.md`).filter((file) => existsSync(path.join(root, file))),
  ...inDocs,
])('%s', (file) => {
  const text = read(file);

  test('names npm scripts that are there', () => {
    const named = [...text.matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name]) => name);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  test('names services of compose.yaml that are there', () => {
    const named = [...text.matchAll(/docker compose (?:exec|run)(?: -T| --rm)* ([\w-]+)/g)].map(([, name]) => name);
    for (const name of named) expect(Object.keys(composed)).toContain(name);
  });

  test("leaves kubectl's context as it is", () => {
    expect(text).not.toMatch(/kubectl config (set|use|unset|rename|delete)/);
  });

  test('links to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links) expect(existsSync(path.join(root, path.dirname(file), link)), link).toBe(true);
  });
});

test('docs/one-call.md names files that are there', () => {
  const named = [...read('docs/one-call.md').matchAll(/`([\w-]+\/[\w./-]+\.ts)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThanOrEqual(12);
  for (const file of named) expect(existsSync(path.join(root, file)), file).toBe(true);
});

test('README.md has a line for each npm script', () => {
  const lines = [...read('README.md').matchAll(/^\| (`npm .*?`) \|/gm)].flatMap(([, commands = '']) => [
    ...commands.matchAll(/`npm (?:run )?([\w:-]+)`/g),
  ]);
  const { pretest: _, ...offered } = scripts;
  expect(lines.map(([, name]) => name).sort()).toEqual(Object.keys(offered).sort());
});
