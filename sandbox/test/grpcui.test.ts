import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../src/kubernetes/paths.js';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const { services } = parse(read('compose.yaml'), { merge: true });

test('npm run grpcui says where grpcui comes from where there is none', async () => {
  const env = { ...process.env, PATH: '/nowhere', Path: '/nowhere' };
  const stderr = await new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, 'sandbox/dist/grpcui/main.js')], { env }, (error, _, stderr) =>
      resolve(`${error?.code} ${stderr}`),
    );
  });
  expect(stderr).toMatch(/^1 npm run grpcui: grpcui is not installed: .*install-tools\.sh grpcui.*\n$/);
});

test('the tools of compose.yaml are a page for each service and nothing else', () => {
  const tools = Object.entries<{ profiles?: string[] }>(services).filter(([, { profiles }]) =>
    profiles?.includes('tools'),
  );
  expect(tools.map(([name]) => name)).toEqual(['author-grpcui', 'book-grpcui']);
});

test('grpcui is of one version wherever it is installed', () => {
  const [, version] = /fullstorydev\/grpcui\/cmd\/grpcui@(\S+)/.exec(read('.devcontainer/install-tools.sh')) ?? [];
  for (const name of ['author-grpcui', 'book-grpcui']) {
    expect(services[name].image).toBe(`fullstorydev/grpcui:${version}`);
  }
});

describe.each(['author-grpcui', 'book-grpcui'])('%s in compose', (name) => {
  test('waits until its service is healthy, and is on this machine’s loopback alone', () => {
    const service = name.replace('grpcui', 'service');
    expect(services[name].depends_on).toEqual({ [service]: { condition: 'service_healthy' } });
    expect(services[name].ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\$\{\w+_GRPCUI_PORT:-808[12]\}:8080$/)]);
  });

  test('may do no more than a page needs', () => {
    expect(services[name]).toMatchObject({
      user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      networks: ['services'],
      pids_limit: expect.any(Number),
      mem_limit: expect.any(String),
    });
    expect(services[name].volumes).toBeUndefined();
    expect(services[name].secrets).toBeUndefined();
  });
});
