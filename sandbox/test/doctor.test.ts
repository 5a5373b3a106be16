import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, services } from '../../scripts/services.mjs';
import { freePort } from '../src/bookstore/ports.js';

/** Runs a script of the repository. Its ports are free unless the test says otherwise. */
async function run(script: string, env: Record<string, string> = {}, folder = root) {
  const ports: Record<string, string> = {};
  for (const { portVariable } of services) ports[portVariable] = String(await freePort());
  const options = { env: { ...process.env, ...ports, ...env }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(folder, script)], options);
  return { status, stderr, stdout, lines: stdout.split('\n') };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a machine that runs these tests can run npm start', async () => {
  const { status, lines } = await run('scripts/doctor.mjs');
  expect(lines.filter((line) => line.startsWith('MISSING'))).toEqual([]);
  expect(lines).toContain('npm start can run here.');
  expect(status).toBe(0);
});

test('without Docker, kubectl and the rest, npm start can still run, and each line says what needs them', async () => {
  const { status, lines } = await run('scripts/doctor.mjs', { PATH: temporaryFolder() });
  const absent = lines.filter((line) => line.startsWith('absent'));
  expect(absent.map((line) => line.split(/\s+/)[1])).toEqual(expect.arrayContaining(['Docker', 'Compose', 'kubectl']));
  for (const line of absent) expect(line).toMatch(/only for /);
  expect(status).toBe(0);
});

test('a port that is taken is missing, and the advice names its variable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { status, lines } = await run('scripts/doctor.mjs', { AUTHOR_PORT: String(port) });
  expect(lines.find((line) => line.startsWith('MISSING'))).toMatch(`port ${port}`);
  expect(lines.find((line) => line.startsWith('MISSING'))).toMatch('AUTHOR_PORT');
  expect(lines).toContain('npm start needs 1 more: see MISSING above.');
  expect(status).toBe(1);
});

// The program in Docker's place is a script of sh.
test.skipIf(process.platform === 'win32')('an older Docker is found, and the least version is named', async () => {
  const folder = temporaryFolder();
  const answers = {
    'version --format': '24.0.9',
    'compose version': 'v2.26.1',
    'buildx version': 'github.com/docker/buildx v0.16.2 0123456',
  };
  const cases = Object.entries(answers).map(([args, answer]) => `"${args}"*) echo "${answer}";;`);
  writeFileSync(path.join(folder, 'docker'), `#!/bin/sh\ncase "$*" in ${cases.join(' ')} esac\n`, { mode: 0o755 });
  const { status, lines } = await run('scripts/doctor.mjs', { PATH: folder });
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^absent +Docker .*25\.0 or newer, this is 24\.0\.9/),
      expect.stringMatching(/^absent +Compose .*2\.27 or newer, this is v2\.26\.1/),
      expect.stringMatching(/^absent +buildx .*0\.17 or newer, this is v0\.16\.2/),
    ]),
  );
  expect(status).toBe(0);
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  expect(readme).toContain('Docker Engine 25, Compose 2.27 and buildx 0.17 or newer');
});

test('without the development packages, commands and the doctor say how to install them', async () => {
  const folder = temporaryFolder();
  cpSync(path.join(root, 'scripts'), path.join(folder, 'scripts'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  mkdirSync(path.join(folder, 'node_modules'));
  for (const script of ['scripts/build.mjs', 'scripts/check.mjs', 'scripts/generate.mjs']) {
    const { status, stdout, stderr } = await run(script, {}, folder);
    expect(stderr).toMatch(/^packages are missing \(.*\): run npm ci --include=dev\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  }
  const { status, stdout } = await run('scripts/doctor.mjs', {}, folder);
  expect(stdout).toMatch(/^MISSING packages .*npm ci --include=dev$/m);
  expect(status).toBe(1);
});
