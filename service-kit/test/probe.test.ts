import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
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
  const { service, stop } = await startControlledService();
  onTestFinished(stop);
  const env = { PUBLIC_PORT: String(service.publicPort) };
  await expect.poll(() => probe(env)).toEqual({ status: 0, stderr: '' });
  expect(await probe(env, 'liveness')).toEqual({ status: 0, stderr: '' });
  expect(await probe(env, 'nothing')).toMatchObject({ status: 1, stderr: expect.stringMatching(/^not serving/) });
});

test('a port that never answers is given up after two seconds', async () => {
  const silent = createServer();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const PUBLIC_PORT = String((silent.address() as AddressInfo).port);
  expect(await probe({ PUBLIC_PORT })).toEqual({ status: 1, stderr: 'no answer within 2000 ms' });
  silent.close();
});

test('it loads nothing but Node, since it starts at every look', () => {
  const imports = [...readFileSync(MAIN, 'utf8').matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
  expect(imports).toEqual(['node:http2']);
});
