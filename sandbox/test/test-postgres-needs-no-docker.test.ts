import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect, test } from 'vitest';
import { mayHaveDocker } from '../src/postgres/docker-engine.js';
import { createTestDatabase, startTestPostgres } from '../src/postgres/test-postgres.js';

const run = promisify(execFile);
const TEST_POSTGRES_MODULE = JSON.stringify(new URL('../dist/postgres/test-postgres.js', import.meta.url).href);

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query({ text: sql, rowMode: 'array' }).finally(() => client.end())).rows.flat();
}

test('without an engine the server is an embedded one, gone when stopped; each test has a database of its own', async () => {
  const server = await startTestPostgres({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
  try {
    expect(server.kind).toBe('embedded');
    const [a, b] = await Promise.all([
      createTestDatabase(server.url()),
      createTestDatabase(server.url(), 'bücher "x"'),
    ]);
    await query(a, 'CREATE TABLE mine (id int)');
    expect(await query(b, `SELECT current_database()`)).toEqual([expect.stringMatching(/^bücher "x"_[0-9a-f]{16}$/)]);
    expect(await query(b, `SELECT to_regclass('mine')`)).toEqual([null]);
    expect(await query(server.url(), 'SHOW synchronous_commit')).toEqual(['on']);
  } finally {
    await server.stop();
  }
  await expect(query(server.url(), 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('an engine without the image and without a network makes nothing fail', async () => {
  const engine = createServer((request, response) => {
    const isInfo = request.url?.endsWith('/info');
    response.writeHead(isInfo ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isInfo ? { ServerVersion: '28', OSType: 'linux' } : { message: 'no such image' }));
  }).listen(0, '127.0.0.1');
  await once(engine, 'listening');
  const DOCKER_HOST = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  try {
    // In a process of its own: testcontainers stays with the first engine that its process has met.
    const { stdout, stderr } = await run(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startTestPostgres } from ${TEST_POSTGRES_MODULE};
        const server = await startTestPostgres();
        console.log(server.kind);
        await server.stop();`,
      ],
      { env: { ...process.env, DOCKER_HOST, TEST_POSTGRES: '' } },
    );
    expect(stdout).toBe('embedded\n');
    expect(stderr).toMatch(/^tests run on the embedded PostgreSQL: .*no such image.*\n$/);
  } finally {
    engine.close();
  }
});

test('looking for an engine that is not there is quick, and loads no client', async () => {
  const begun = performance.now();
  for (const DOCKER_HOST of ['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1', 'nonsense'])
    expect(await mayHaveDocker({ DOCKER_HOST })).toBe(false);
  // An address nobody answers from.
  expect(await mayHaveDocker({ DOCKER_HOST: 'tcp://192.0.2.1:2375' })).toBe(false);
  expect(performance.now() - begun).toBeLessThan(400);

  const script = `
    import { createRequire } from 'node:module';
    await import(${TEST_POSTGRES_MODULE});
    console.log(Object.keys(createRequire('/')('node:module')._cache).filter((file) => file.includes('testcontainers')).length);`;
  expect((await run(process.execPath, ['--input-type=module', '-e', script])).stdout).toBe('0\n');
});

test('a wish that is none of the two is an error', async () => {
  await expect(startTestPostgres({ TEST_POSTGRES: 'sqlite' })).rejects.toThrow(
    'TEST_POSTGRES must be container or embedded, not sqlite',
  );
});
