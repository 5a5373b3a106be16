import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../src/settings/timers.js';
import { startControlledService } from './controlled-service.js';

const MAIN = fileURLToPath(new URL('../dist/probe/main.js', import.meta.url));

/** The command with this environment and no other. */
function probe(env: Record<string, string>, ...args: string[]): Promise<{ status: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, _stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stderr: stderr.trim() });
    });
  });
}

test('a service that serves has status 0, by its name or without one; an unknown name has 1', async () => {
  const { service } = await startControlledService();
  const env = { PUBLIC_PORT: String(service.publicPort), PROBE_TIMEOUT_MS: '10000' };
  await expect.poll(() => probe(env)).toEqual({ status: 0, stderr: '' });
  expect(await probe(env, 'liveness')).toEqual({ status: 0, stderr: '' });
  expect(await probe(env, 'nothing')).toMatchObject({ status: 1, stderr: expect.stringMatching(/^not serving/) });
  await service.stop();
});

describe('a port that never answers', () => {
  let silent: Server;
  let PUBLIC_PORT: string;
  beforeAll(async () => {
    silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    PUBLIC_PORT = String((silent.address() as AddressInfo).port);
  });
  afterAll(() => silent.close());

  test('is given up after the time that is set, or the default', async () => {
    expect(await probe({ PUBLIC_PORT, PROBE_TIMEOUT_MS: '50' })).toEqual({
      status: 1,
      stderr: 'no answer within 50 ms',
    });
    expect(await probe({ PUBLIC_PORT, PROBE_TIMEOUT_MS: '' })).toEqual({
      status: 1,
      stderr: `no answer within ${PROBE_TIMEOUT_MS} ms`,
    });
  });

  test.each(['0', '-1', '1.5', '2s', '2147483648'])('is not even asked with PROBE_TIMEOUT_MS=%s', async (bad) => {
    expect(await probe({ PUBLIC_PORT, PROBE_TIMEOUT_MS: bad })).toEqual({
      status: 1,
      stderr: 'PROBE_TIMEOUT_MS must be a whole number from 1 to 2147483647',
    });
  });
});

test('it loads Node and one small module, since it starts at every look', () => {
  const imports = [...readFileSync(MAIN, 'utf8').matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
  expect(imports).toEqual(['node:http2', '../settings/timers.js']);
  expect(readFileSync(fileURLToPath(new URL('../dist/settings/timers.js', import.meta.url)), 'utf8')).not.toMatch(
    /^import /m,
  );
});
