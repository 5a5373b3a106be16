import { execFile, spawn } from 'node:child_process';
import { appendFile, cp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WorkTreeCopy } from '../src/testing/work-tree-copy.js';

const MADE = ['proto/gen', 'proto/dist', 'service-kit/dist', 'author-service/src/generated', 'author-service/dist'];

let copy: WorkTreeCopy;
let made: Map<string, string>;
beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  expect(await build()).toBe(0);
  made = await everythingMade();
});
afterAll(() => copy?.[Symbol.asyncDispose]());

const inCopy = (file: string) => path.join(copy.folder, file);
const remove = (...files: string[]) => Promise.all(files.map((file) => rm(inCopy(file), { recursive: true })));

function build(): Promise<number> {
  return new Promise((resolve) => {
    execFile(process.execPath, [inCopy('scripts/build.mjs'), 'author-service'], (error, stdout, stderr) => {
      if (error) console.error(stdout, stderr);
      resolve(error ? Number(error.code) : 0);
    });
  });
}

/** Each generated or compiled file and its text, but for records of when it was made. */
async function everythingMade(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const folder of MADE) {
    for (const entry of await readdir(inCopy(folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /^\.files$|\.tsbuildinfo$/.test(entry.name)) continue;
      const file = path.join(entry.parentPath, entry.name);
      files.set(path.relative(copy.folder, file), await readFile(file, 'utf8'));
    }
  }
  return files;
}

test.each<[string, () => Promise<unknown>]>([
  ['every dist', () => remove('proto/dist', 'service-kit/dist', 'author-service/dist')],
  ['the dist of one package', () => remove('service-kit/dist')],
  ['one compiled file', () => remove('service-kit/dist/index.js')],
  ['one declaration', () => remove('proto/dist/src/index.d.ts')],
  ['a folder of compiled files', () => remove('service-kit/dist/migrate')],
  ['the generated database client', () => remove('author-service/src/generated')],
  ['one file of it', () => remove('author-service/src/generated/prisma/models.ts')],
  ['what was compiled and what was generated', () => remove('author-service/dist', 'author-service/src/generated')],
  ['the generated contract', () => remove('proto/gen')],
])('what is removed is made again: %s', async (_, damage) => {
  await damage();
  expect(await build()).toBe(0);
  expect(await everythingMade()).toEqual(made);
});

test('a build that was killed halfway is finished by the next one', async () => {
  await remove('proto/dist', 'service-kit/dist', 'author-service/dist');
  // A group of its own: the compiler is a child of the build.
  const child = spawn(process.execPath, [inCopy('scripts/build.mjs'), 'author-service'], { detached: true });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => readdir(inCopy('service-kit/dist')).catch(() => []), { timeout: 60_000 }).not.toEqual([]);
  process.kill(-(child.pid as number), 'SIGKILL');
  await ended;
  expect(await build()).toBe(0);
  expect(await everythingMade()).toEqual(made);
});

test('what an older version of the repository has compiled is compiled anew', async () => {
  // It kept its record beside dist, where it outlived dist.
  await cp(inCopy('service-kit/dist/tsconfig.tsbuildinfo'), inCopy('service-kit/tsconfig.tsbuildinfo'));
  await appendFile(inCopy('service-kit/dist/index.js'), 'export const old = true;');
  expect(await build()).toBe(0);
  expect(await everythingMade()).toEqual(made);
});
