import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, runProgram, SandboxError, waitUntilServing } from '@bookstore/sandbox';
import { services } from '../../scripts/services.mjs';
import type { BenchData } from './data.js';
import { measure } from './measure.js';
import { operations } from './operations.js';
import { type FootprintFigure, median } from './results.js';
import { type Peer, repository, startPeer } from './start-peer.js';

const TIMES = 5;
const BASE_IMAGE = 'node:24-bookworm-slim';
const IDLE_MS = 10_000;
/** For each replica; less than one serves when all share two cores. */
const CALLS_PER_SECOND = 300;
const MEBIBYTE = 2 ** 20;

type Measure = (data: BenchData, scratch: string, stop: AbortSignal) => Promise<FootprintFigure[]>;

/** By the name that --only looks for. */
export const footprint: Readonly<Record<string, Measure>> = {
  'npm start': measureNpmStart,
  'process start': measureProcessStart,
  replicas: measureReplicas,
  compose: measureCompose,
};

/** From the command to SERVING, everything compiled. */
async function measureNpmStart(_: BenchData, scratch: string, stop: AbortSignal): Promise<FootprintFigure[]> {
  const sandboxDir = path.join(scratch, 'npm-start');
  mkdirSync(sandboxDir);
  await npmStart(sandboxDir, stop); // creates the databases
  const value = await medianOf(() => npmStart(sandboxDir, stop));
  return [{ name: '`npm start` until it serves', value, unit: 's', goal: 4 }];
}

/** Seconds until all services serve. */
async function npmStart(sandboxDir: string, stop: AbortSignal): Promise<number> {
  const ports = await Promise.all(services.map(() => freePort()));
  const portVariables = services.map(({ portVariable }, index) => [portVariable, String(ports[index])]);
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['scripts/tool.mjs', 'sandbox/dist/start.js'], {
    cwd: repository,
    env: { ...process.env, SANDBOX_DIR: sandboxDir, ...Object.fromEntries(portVariables) },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  try {
    await Promise.all(ports.map((port) => waitUntilServing(`127.0.0.1:${port}`, 60_000, stop)));
    return secondsSince(startedAt);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** From the start of both processes until both serve. */
async function measureProcessStart(data: BenchData): Promise<FootprintFigure[]> {
  const databases = await data.copyFor('start');
  const value = await medianOf(async () => {
    const startedAt = performance.now();
    await using _ = await startPeer('start', databases, { settings: { AUTH: 'off' } });
    return secondsSince(startedAt);
  });
  return [{ name: 'both processes until they serve', value, unit: 's', goal: 1.2 }];
}

/** Reads by id, at the same rate for each process: three of them on one database, and one alone. */
async function measureReplicas(data: BenchData, scratch: string, stop: AbortSignal): Promise<FootprintFigure[]> {
  const databases = await data.copyFor('replicas');
  const start = () => startPeer('replica', databases, { settings: { AUTH: 'off' } });
  await using one = await start();
  await using two = await start();
  await using three = await start();
  const figures: FootprintFigure[] = [];
  for (const operation of operations.filter(({ openLoop }) => openLoop)) {
    const { service } = operation;
    const load = {
      requests: await data.requests(operation, 100),
      authorization: '',
      durationMs: 5_000,
      rate: CALLS_PER_SECOND,
      signal: stop,
    };
    const cpuOf = async ({ servers }: Peer, n: number) => {
      const dataFile = path.join(scratch, `requests-${n}.json`);
      return (await measure(servers[service], operation, 'a replica', { ...load, dataFile })).cpuPerCall;
    };
    await Promise.all([one, two, three].map(cpuOf)); // warm-up
    const alone = await cpuOf(one, 0);
    const together = await Promise.all([one, two, three].map(cpuOf));
    const value = together.reduce((sum, each) => sum + each, 0) / 3 / alone;
    figures.push({ name: `${service}, CPU of a call with 3 replicas × with one`, value, unit: '', goal: 1.1 });
  }
  return figures;
}

/** Sizes of the images, and the stack of compose.yaml when it does nothing. */
async function measureCompose(_data: BenchData, _scratch: string, stop: AbortSignal): Promise<FootprintFigure[]> {
  const project = `bookstore-bench-${process.pid}`;
  const ports = await Promise.all(services.map(() => freePort()));
  const portVariables = services.map(({ portVariable }, index) => [portVariable, String(ports[index])]);
  const env = {
    ...process.env,
    IMAGE_TAG: project,
    COMPOSE_PROJECT_NAME: project,
    ...Object.fromEntries(portVariables),
  };
  const docker = async (...args: string[]) => {
    const { status, stdout, stderr } = await runProgram('docker', args, { cwd: repository, env, signal: stop });
    if (status !== 0) throw new SandboxError(`docker ${args[0]}: ${stderr.trim()}`);
    return stdout;
  };
  const images = services.map(({ name }) => `${env.IMAGE_PREFIX ?? 'bookstore'}/${name}:${project}`);
  const sizeOf = async (image: string) =>
    Number(await docker('image', 'inspect', '--format', '{{.Size}}', image)) / MEBIBYTE;
  if ((await runProgram('docker', ['info'])).status !== 0) {
    console.log('no Docker Engine answers: the stack of compose.yaml is left out');
    return [];
  }
  try {
    await docker('compose', 'build');
    const base = await sizeOf(BASE_IMAGE);
    const sizes = await Promise.all(images.map(sizeOf));
    await docker('compose', 'up', '--wait'); // creates the databases
    await docker('compose', 'down', '--timeout', '10');
    const startedAt = performance.now();
    await docker('compose', 'up', '--wait');
    const start = secondsSince(startedAt);
    await sleep(IDLE_MS, undefined, { signal: stop });
    const containers = (await docker('compose', 'ps', '--quiet')).split('\n').filter(Boolean);
    const usage = await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', ...containers);
    const memory = usage.split('\n').filter(Boolean).map(mebibytes);
    return [
      ...services.map(({ name }, index) => ({
        name: `${name}, image above its base`,
        value: (sizes[index] ?? Number.NaN) - base,
        unit: 'MiB',
        goal: 60,
      })),
      { name: '`docker compose up --wait`, warm', value: start, unit: 's', goal: 8 },
      {
        name: `idle memory of the containers`,
        value: memory.reduce((sum, each) => sum + each, 0),
        unit: 'MiB',
        goal: 250,
      },
    ];
  } finally {
    const cleanUp = (...args: string[]) => runProgram('docker', args, { cwd: repository, env });
    await cleanUp('compose', 'down', '--volumes', '--remove-orphans', '--timeout', '1');
    await cleanUp('image', 'rm', ...images);
  }
}

/** From docker stats, such as 61.2MiB / 512MiB. */
export function mebibytes(usage: string): number {
  const [, number, unit = ''] = /^([\d.]+)([KMG]?i?B)/.exec(usage) ?? [];
  return Number(number) * ({ B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 2 ** 10 }[unit] ?? Number.NaN);
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let time = 0; time < TIMES; time++) values.push(await measure());
  return median(values);
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;
