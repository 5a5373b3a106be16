import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, runProgram, SandboxError, waitUntilServing } from '@bookstore/sandbox';
import { root, services } from '../../scripts/services.mjs';
import { insertRows, type ServiceName } from './data.js';
import { type FootprintFigure, median } from './figures.js';
import { cpuTimeMs, measure } from './load.js';
import { operations } from './operations.js';
import type { Run } from './options.js';
import { type Server, startServer } from './start-peer.js';

const BASE_IMAGE = 'node:24-bookworm-slim';
const IDLE_MS = 10_000;
const MEBIBYTE = 2 ** 20;
const NOBODY = '127.0.0.1:1';
const AUTH_OFF = { settings: { AUTH: 'off' } };

/** By the name that --only looks for. */
export const footprint: Readonly<Record<string, (run: Run) => Promise<FootprintFigure[]>>> = {
  start: measureStart,
  replicas: async (run) => [
    ...(await measureReplicas('author-service', 'CreateBook, first of its author', run)),
    ...(await measureReplicas('book-service', 'DeleteAuthor', run)),
  ],
  install: measureInstall,
  compose: measureCompose,
};

/** From a command or a process to SERVING, everything compiled, and the databases there. */
async function measureStart({ data, scratch, options, stop }: Run): Promise<FootprintFigure[]> {
  const npmStart = () => secondsOfNpmStart(root, path.join(scratch, 'npm-start'), stop);
  await npmStart(); // creates the databases
  const databases = await data.copyFor('start');
  const processStart = (service: ServiceName) => async () => {
    const startedAt = performance.now();
    await using _ = await startServer(service, databases, NOBODY, AUTH_OFF);
    return (performance.now() - startedAt) / 1000;
  };
  const figures: FootprintFigure[] = [];
  figures.push(['`npm start` until both services serve', await medianOf(options.starts, npmStart), 's', 2]);
  for (const name of ['author-service', 'book-service'] as const) {
    figures.push([`${name}, process until it serves`, await medianOf(options.starts, processStart(name)), 's', 0.8]);
  }
  return figures;
}

/**
 * One of the services calls the other, which has three replicas or one, at the same rate for each of them: half of what
 * the machine can do. CPU time shows how the calls were shared.
 */
async function measureReplicas(
  called: ServiceName,
  name: string,
  { data, scratch, options, stop }: Run,
): Promise<FootprintFigure[]> {
  const calls = options.short ? 200 : 1000;
  const operation = operations.find((each) => each.name === name);
  if (!operation) throw new Error(`no operation ${name}`);
  const databases = await data.copyFor(`replicas-of-${called}`);
  const replicas: Server[] = [];
  for (const _ of [1, 2, 3]) replicas.push(await startServer(called, databases, NOBODY, AUTH_OFF));
  /** Calls per second, and the CPU time of each replica for its part of the calls, ms. */
  const call = async (used: readonly Server[], rate?: number) => {
    const target = `ipv4:${used.map(({ internalAddress }) => internalAddress).join(',')}`;
    await using caller = await startServer(operation.service, databases, target, AUTH_OFF);
    const requests = await data.requests(operation, calls * used.length);
    await insertRows(operation, databases, requests);
    const before = used.map(({ pid }) => cpuTimeMs(pid));
    // Few in flight: all processes share the machine, and a call that waits too long fails.
    const { 'calls/s': peak } = await measure(caller, { ...operation, inFlight: 8 }, { requests, scratch, rate, stop });
    return { peak, cpuMs: used.map(({ pid }, index) => cpuTimeMs(pid) - (before[index] ?? Number.NaN)) };
  };
  const { peak } = await call(replicas); // warm-up, as fast as it can
  const {
    cpuMs: [alone = Number.NaN],
  } = await call(replicas.slice(0, 1), peak / 2 / replicas.length);
  const { cpuMs: each } = await call(replicas, peak / 2);
  for (const server of replicas) await server[Symbol.asyncDispose]();
  const sum = each.reduce((total, one) => total + one, 0);
  const shares = each.map((one) => Math.round((one / sum) * 100));
  return [
    [`${called}, CPU of a call with 3 replicas × with one`, sum / 3 / alone, '', 1.1],
    [`${called}, largest share of 3 replicas`, Math.max(...shares), `% (${shares.join(', ')})`, 37],
  ];
}

/** What a clone needs until it runs, with all packages in npm's cache. */
async function measureInstall({ scratch, options, stop }: Run): Promise<FootprintFigure[]> {
  const { folder, run } = await clone(path.join(scratch, 'install'), stop);
  await run('npm', 'ci'); // fills the cache
  rmSync(path.join(folder, 'node_modules'), { recursive: true });
  const install = await seconds(() => run('npm', 'ci'));
  const kibibytes = Number.parseInt(await run('du', '-sk', 'node_modules'), 10);
  const firstStart = await medianOf(options.starts, async () => {
    await run('git', 'clean', '-xdfq', '--exclude', 'node_modules');
    return secondsOfNpmStart(folder, path.join(folder, '.sandbox'), stop);
  });
  return [
    ['`npm ci` from its cache', install, 's', 20],
    ['what it installs', (kibibytes * 1024) / 1e6, 'MB', 400],
    ['first `npm start` of a clone', firstStart, 's', 6],
  ];
}

/** The images, and the stack of compose.yaml when it does nothing. */
async function measureCompose({ scratch, options, stop }: Run): Promise<FootprintFigure[]> {
  if ((await runProgram('docker', ['info'])).status !== 0) {
    console.log('no Docker Engine answers: the stack of compose.yaml is left out');
    return [];
  }
  const project = `bookstore-bench-${process.pid}`;
  const env = { ...(await choosePorts()), IMAGE_PREFIX: project, IMAGE_TAG: 'bench', COMPOSE_PROJECT_NAME: project };
  const { folder, run } = await clone(path.join(scratch, 'compose'), stop, env);
  const compose = (...args: string[]) => run('docker', 'compose', ...args);
  const sizeOf = async (image: string) =>
    Number(await run('docker', 'image', 'inspect', '--format', '{{.Size}}', image)) / MEBIBYTE;
  try {
    await compose('build');
    const base = await sizeOf(BASE_IMAGE);
    const figures: FootprintFigure[] = [];
    for (const { name } of services)
      figures.push([`${name}, image above its base`, (await sizeOf(`${project}/${name}:bench`)) - base, 'MiB', 25]);
    await compose('up', '--wait'); // creates the databases
    const warmStart = await medianOf(options.starts, async () => {
      await compose('down');
      return seconds(() => compose('up', '--wait'));
    });
    await sleep(IDLE_MS, undefined, { signal: stop });
    const containers = (await compose('ps', '--quiet')).split('\n');
    const usage = await run('docker', 'stats', '--no-stream', '--format', '{{.MemUsage}}', ...containers);
    const memory = usage.split('\n').reduce((sum, each) => sum + mebibytes(each), 0);
    const rebuild = await medianOf(options.starts, () => {
      // Another change than that of an earlier run, whose layers the engine may still have.
      appendFileSync(path.join(folder, 'author-service/src/main.ts'), `// ${randomUUID()}\n`);
      return seconds(() => compose('build', 'author-service'));
    });
    return [
      ...figures,
      ['rebuild of an image after a change of its source', rebuild, 's', 4],
      ['`docker compose up --wait`, warm', warmStart, 's', 5],
      ['idle memory of the containers', memory, 'MiB', 200],
    ];
  } finally {
    const cleanUp = (...args: string[]) => runProgram('docker', args, { cwd: folder, env: { ...process.env, ...env } });
    await cleanUp('compose', 'down', '--volumes', '--remove-orphans', '--timeout', '1');
    await cleanUp('image', 'prune', '--all', '--force', '--filter', `label=com.docker.compose.project=${project}`);
  }
}

/** From docker stats, such as 61.2MiB / 512MiB. */
export function mebibytes(usage: string): number {
  const [, number, unit = ''] = /^([\d.]+)([KMG]?i?B)/.exec(usage) ?? [];
  return Number(number) * ({ B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 2 ** 10 }[unit] ?? Number.NaN);
}

/** A clone of the last commit, and what runs a program in it and returns its output. */
async function clone(folder: string, stop: AbortSignal, variables: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, ...variables };
  const run = async (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = await runProgram(program, args, { cwd: folder, env, signal: stop });
    if (status !== 0) throw new SandboxError(`${program} ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim();
  };
  mkdirSync(folder);
  await run('git', 'clone', '--quiet', root, '.');
  return { folder, run };
}

/** Starts the bookstore until both services serve, and stops it. */
async function secondsOfNpmStart(folder: string, sandboxDir: string, stop: AbortSignal): Promise<number> {
  const ports = await choosePorts();
  mkdirSync(sandboxDir, { recursive: true });
  const env = { ...process.env, ...ports, SANDBOX_DIR: sandboxDir };
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], { cwd: folder, detached: true, env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    await Promise.all(Object.values(ports).map((port) => waitUntilServing(`127.0.0.1:${port}`, 60_000, stop)));
    return (performance.now() - startedAt) / 1000;
  } finally {
    // As Ctrl-C: also what npm has started.
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGINT');
    await ended;
  }
}

/** Free ports for both services, by the variables that say them. */
async function choosePorts(): Promise<Record<string, string>> {
  const ports: Record<string, string> = {};
  for (const { portVariable } of services) ports[portVariable] = String(await freePort());
  return ports;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function medianOf(times: number, measureOnce: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let time = 0; time < times; time++) values.push(await measureOnce());
  return median(values);
}
