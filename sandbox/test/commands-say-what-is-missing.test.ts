import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../src/kubernetes/paths.js';
import { WorkTreeCopy } from '../src/testing/work-tree-copy.js';

const manifestOf = (workspace: string) => JSON.parse(readFileSync(path.join(root, workspace, 'package.json'), 'utf8'));
const workspaces: string[] = manifestOf('.').workspaces;

function run(folder: string, ...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
}

/** The scripts and manifests of a clone, and the packages that `npm ci --omit=dev` leaves, without what is in them. */
function productionInstall(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-production-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(path.join(root, 'scripts'), path.join(folder, 'scripts'), { recursive: true });
  for (const workspace of ['.', ...workspaces]) {
    mkdirSync(path.join(folder, workspace), { recursive: true });
    cpSync(path.join(root, workspace, 'package.json'), path.join(folder, workspace, 'package.json'));
    for (const name of Object.keys(manifestOf(workspace).dependencies ?? {})) {
      mkdirSync(path.join(folder, 'node_modules', name), { recursive: true });
    }
  }
  return folder;
}

test.each([
  'scripts/tool.mjs sandbox/dist/start.js',
  'scripts/tool.mjs sandbox/dist/seed/main.js',
  'scripts/build.mjs',
  'scripts/check.mjs',
  'scripts/generate.mjs',
])('without the development packages, one line says how to install them: %s', (command) => {
  const { status, stdout, stderr } = run(productionInstall(), ...command.split(' '));
  expect(stderr).toMatch(/^packages are missing \(.*\): run npm ci --include=dev\n$/);
  expect(stdout).toBe('');
  expect(status).toBe(1);
});

test('the doctor finds them missing, too', () => {
  const { status, stdout } = run(productionInstall(), 'scripts/doctor.mjs');
  expect(stdout).toMatch(/^MISSING packages .*npm ci --include=dev$/m);
  expect(status).toBe(1);
});

/** The work tree in a folder of this name. */
async function cloneIn(name: string): Promise<string> {
  const copy = await WorkTreeCopy.make();
  const folder = `${copy.folder} ${name}`;
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await rename(copy.folder, folder);
  return folder;
}

const listTests = (folder: string) =>
  run(folder, 'node_modules/vitest/vitest.mjs', 'list', '--filesOnly', '--project=packages', 'proto/test');

// Windows allows no such names.
const posix = test.skipIf(process.platform === 'win32');

posix('tests are found in a folder with an unusual name', async () => {
  const { status, stdout, stderr } = listTests(await cloneIn(`it's $HOME [a] (b) {x,y} ü !+@&;=~^|<> "c" \`d\` `));
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('.test.ts');
});

posix.each(['C#', '100%'])('where tests would not be found, one line says so: %s', async (name) => {
  const folder = await cloneIn(name);
  const line = `tests cannot run in ${folder}: move the repository to a path without ${name.match(/\W/)?.[0]}`;
  const { status, stdout, stderr } = listTests(folder);
  expect(`${stdout}${stderr}`.trim().split('\n').at(-1)).toBe(line);
  expect(status).toBe(1);
  expect(run(folder, 'scripts/doctor.mjs').stdout).toMatch(
    /^absent +test path +only for npm test: tests cannot run in/m,
  );
});

posix.each(['a*b', 'a:b', 'a?b'])('where nothing can run, each command says so in one line: %s', async (name) => {
  const folder = await cloneIn(name);
  const line = `the bookstore cannot run in ${folder}: move the repository to a path without ${name[1]}`;
  for (const command of ['scripts/tool.mjs sandbox/dist/start.js', 'scripts/build.mjs', 'scripts/check.mjs']) {
    expect(run(folder, ...command.split(' '))).toMatchObject({ status: 1, stdout: '', stderr: `${line}\n` });
  }
  expect(run(folder, 'scripts/doctor.mjs').stdout).toContain(`MISSING path         ${line}`);
});
