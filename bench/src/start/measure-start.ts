import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, prepareDatabase, startEmbeddedPostgres, waitUntilServing } from '@bookstore/sandbox';
import type { BenchArguments } from '../arguments.js';
import { repository, type ServiceName } from '../load/contenders.js';
import { imageCommand } from '../load/image-command.js';
import { ServerProcess } from '../load/server-process.js';
import type { Check, PartFindings } from '../report/results.js';
import { median } from '../report/statistics.js';

const TIMES = 5;
const LIMIT_MS = 60_000;

/** From nothing to both services serving, and from a process to its serving. */
export async function measureStart({ node }: BenchArguments): Promise<PartFindings> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  try {
    const first = await npmStart(path.join(folder, 'npm-start'));
    const again: number[] = [];
    for (let time = 0; time < TIMES; time++) again.push(await npmStart(path.join(folder, 'npm-start')));
    const checks: Check[] = [
      { name: 'npm start, installed, the first time: both serve', measured: first, unit: 's', atMost: 4 },
      { name: 'npm start again: both serve', measured: median(again), unit: 's', atMost: 4 },
      ...(await processStarts(node, path.join(folder, 'processes'))),
      { name: 'npm ci, from its cache', measured: await npmCi(path.join(folder, 'npm-ci')), unit: 's', atMost: 40 },
    ];
    return { checks, conditions: `medians of ${TIMES} starts, but for the first` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds until both serve. */
async function npmStart(sandboxDir: string): Promise<number> {
  const [author, book] = [await freePort(), await freePort()];
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: repository,
    env: { ...process.env, SANDBOX_DIR: sandboxDir, AUTHOR_PORT: String(author), BOOK_PORT: String(book) },
    stdio: 'ignore',
    shell: process.platform === 'win32',
  });
  const ended = once(child, 'exit');
  try {
    await Promise.all([author, book].map((port) => waitUntilServing(`127.0.0.1:${port}`, LIMIT_MS)));
    return secondsSince(startedAt);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Seconds, where nothing is installed yet. */
async function npmCi(folder: string): Promise<number> {
  const { workspaces } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const manifests = workspaces.map((workspace) => path.join(workspace, 'package.json'));
  for (const file of ['package.json', 'package-lock.json', ...manifests]) {
    cpSync(path.join(repository, file), path.join(folder, file));
  }
  const startedAt = performance.now();
  const npm = spawn('npm', ['ci'], { cwd: folder, stdio: 'ignore', shell: process.platform === 'win32' });
  const [status] = await once(npm, 'exit');
  return status === 0 ? secondsSince(startedAt) : Number.NaN;
}

async function processStarts(node: string, folder: string): Promise<Check[]> {
  await using postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres') });
  const checks: Check[] = [];
  for (const service of ['author-service', 'book-service'] as const) {
    const secrets = path.join(folder, 'secrets.json');
    const database = await prepareDatabase(service, postgres.url.bind(postgres), secrets);
    const times: number[] = [];
    for (let time = 0; time < TIMES; time++) times.push(await processStart(node, service, database.url));
    const name = `${service}, from the start of its process to SERVING`;
    checks.push({ name, measured: median(times), unit: 's', atMost: 1.2 });
  }
  return checks;
}

async function processStart(node: string, service: ServiceName, databaseUrl: string): Promise<number> {
  const [port, internal, nobody] = [await freePort(), await freePort(), await freePort()];
  const startedAt = performance.now();
  const server = new ServerProcess({
    node,
    args: imageCommand(repository, service),
    cwd: repository,
    env: {
      ...{ AUTH: 'off', LISTEN_HOST: '127.0.0.1', LOG_FORMAT: 'json', DATABASE_URL: databaseUrl },
      ...{ PUBLIC_PORT: String(port), INTERNAL_PORT: String(internal) },
      ...{ AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${nobody}`, BOOK_SERVICE_ADDRESS: `127.0.0.1:${nobody}` },
    },
    address: `127.0.0.1:${port}`,
  });
  try {
    await waitUntilServing(server.address, LIMIT_MS);
    return secondsSince(startedAt);
  } finally {
    await server.stop();
  }
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;
