import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { freePort } from '../src/bookstore/ports.js';
import { waitUntilServing } from '../src/health.js';
import { createTestDatabase } from '../src/testing/index.js';

/** The two commands that a service's README shows, for the PostgreSQL of the tests and a role that no other test has. */
async function commandsOf(service: string): Promise<[migrate: string, serve: string]> {
  const readme = readFileSync(`${root}/${service}/README.md`, 'utf8');
  const commands = /^```sh\n(.*?)^```$/ms.exec(readme)?.[1]?.trimEnd().split('\n') ?? [];
  const owner = new URL(await createTestDatabase(inject('postgresUrl')));
  const role = service.replace('-', '_');
  const [migrate = '', serve = ''] = commands.map((command) =>
    command
      .replace(/postgresql:\/\/postgres:postgres@127\.0\.0\.1:5432\/\w+/, owner.href)
      .replace(/@127\.0\.0\.1:5432\/\w+/, `@${owner.host}${owner.pathname}`)
      .replaceAll(role, `${role}_of_readme`),
  );
  expect(commands).toHaveLength(2);
  return [migrate, serve];
}

function run(command: string, env: Record<string, string> = {}) {
  const { PATH = '' } = process.env;
  const child = spawn('/bin/sh', ['-c', `exec env ${command}`], {
    cwd: root,
    env: { PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, ended: once(child, 'exit').then(([status]) => status) };
}

test.runIf(process.platform !== 'win32').each(['author-service', 'book-service'])(
  "the commands of the %s's README migrate its database and serve",
  async (service) => {
    const [migrate, serve] = await commandsOf(service);
    expect(await run(migrate).ended).toBe(0);
    const port = await freePort();
    const { child, ended } = run(serve, { PUBLIC_PORT: String(port), INTERNAL_PORT: '0' });
    try {
      await waitUntilServing(`127.0.0.1:${port}`, 20_000);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
  },
  60_000,
);
