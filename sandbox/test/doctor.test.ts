import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../src/bookstore/ports.js';
import { root } from '../src/kubernetes/paths.js';

interface Told {
  readonly status: number;
  readonly lines: string[];
}

/** Runs the doctor; its ports are free unless the test says otherwise. */
async function doctor(env: Record<string, string> = {}): Promise<Told> {
  const ports = { AUTHOR_PORT: String(await freePort()), BOOK_PORT: String(await freePort()) };
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...ports, ...env } };
    execFile(process.execPath, [path.join(root, 'scripts/doctor.mjs')], options, (error, stdout) => {
      resolve({ status: error ? Number(error.code) : 0, lines: stdout.split('\n') });
    });
  });
}

/** A folder that has npm and nothing else of what the doctor looks for. */
function folderWithNpm(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, process.platform === 'win32' ? 'npm.cmd' : 'npm');
  writeFileSync(file, process.platform === 'win32' ? '@echo 11.0.0\r\n' : '#!/bin/sh\necho 11.0.0\n');
  chmodSync(file, 0o755);
  return folder;
}

test('a machine that runs these tests can run npm start', async () => {
  const { status, lines } = await doctor();
  expect(lines.filter((line) => line.startsWith('MISSING'))).toEqual([]);
  expect(lines).toContain('npm start can run here.');
  expect(status).toBe(0);
});

test('without Docker, kubectl and the rest, npm start can still run, and each absence has an advice', async () => {
  const folder = folderWithNpm();
  const windows = process.platform === 'win32' ? `${path.delimiter}${process.env.SystemRoot}\\system32` : '';
  const { status, lines } = await doctor({ PATH: folder + windows });
  const absent = lines.filter((line) => line.startsWith('absent'));
  expect(absent.map((line) => line.split(/\s+/)[1])).toEqual(expect.arrayContaining(['Docker', 'Compose', 'kubectl']));
  for (const line of absent) expect(line).toMatch(/only (for|to) /);
  expect(status).toBe(0);
});

test('a port that is taken is missing, and the advice names its variable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { status, lines } = await doctor({ AUTHOR_PORT: String((server.address() as AddressInfo).port) });
  expect(lines.find((line) => line.startsWith('MISSING'))).toMatch(/author port .*taken.*AUTHOR_PORT/);
  expect(lines).toContain('npm start needs 1 more: see MISSING above.');
  expect(status).toBe(1);
});

// Its stand-in is a script of sh.
test.skipIf(process.platform === 'win32')(
  'what is older or smaller than Docker needs is found, and the least is named',
  async () => {
    const folder = folderWithNpm();
    const answers = {
      'version --format': '24.0.9',
      'compose version': 'v2.26.1',
      'buildx version': 'github.com/docker/buildx v0.16.2 0123456',
      'info --format': '1,1038090240',
    };
    const cases = Object.entries(answers).map(([args, answer]) => `"${args}"*) echo "${answer}";;`);
    writeFileSync(path.join(folder, 'docker'), `#!/bin/sh\ncase "$*" in ${cases.join(' ')} esac\n`, { mode: 0o755 });
    const { status, lines } = await doctor({ PATH: folder });
    expect(lines.filter((line) => line.startsWith('too low'))).toEqual([
      expect.stringMatching(/Docker +24\.0\.9; .*25\.0 or newer/),
      expect.stringMatching(/Compose +v2\.26\.1; .*2\.27 or newer/),
      expect.stringMatching(/buildx +v0\.16\.2; .*0\.17 or newer/),
      expect.stringMatching(/for Docker +CPUs: 1, memory: 1\.0 GiB; at least 1 and 2 GiB/),
    ]);
    // None of it keeps npm start from running.
    expect(status).toBe(0);
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    expect(readme).toContain('Docker Engine 25, Compose 2.27 and buildx 0.17 or newer, one CPU and 2 GiB of memory');
  },
);
