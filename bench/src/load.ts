import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, SandboxError } from '@bookstore/sandbox';
import type { Figures } from './figures.js';
import type { Operation } from './operations.js';
import type { Server } from './start-peer.js';

const contract = fileURLToPath(new URL('gen/descriptors.binpb', import.meta.resolve('@bookstore/proto/package.json')));

/** What the load is, beside the operation. */
export interface Load {
  readonly requests: readonly object[];
  readonly scratch: string;
  readonly authorization?: string;
  /** The requests are repeated for so long, ms; each is sent once when undefined. */
  readonly durationMs?: number | undefined;
  /** Calls per second of an open loop; as fast as answers come when undefined. */
  readonly rate?: number | undefined;
  readonly stop: AbortSignal;
}

/** The cores of the measured server, and of all else, on Linux. */
const cores =
  process.platform === 'linux' && cpus().length > 1 ? { server: '0', others: `1-${cpus().length - 1}` } : undefined;

/**
 * One round of load by ghz.
 *
 * @throws SandboxError without ghz, and when a call fails
 */
export async function measure(server: Server, operation: Operation, load: Load): Promise<Figures> {
  pin(server.pid, cores?.server);
  const before = cpuTimeMs(server.pid);
  const { rps, statusCodeDistribution, latencyDistribution } = await runGhz(server.address, operation, load);
  const cpuMs = cpuTimeMs(server.pid) - before;
  pin(server.pid);
  const { OK: calls = 0, ...errors } = statusCodeDistribution;
  if (Object.keys(errors).length > 0)
    throw new SandboxError(`${operation.name}: ${server.program} answers ${JSON.stringify(errors)}`);
  const latency = (wanted: number) =>
    (latencyDistribution.find(({ percentage }) => percentage === wanted)?.latency ?? Number.NaN) / 1e6;
  return { 'calls/s': rps, CPU: cpuMs / calls, p50: latency(50), p99: latency(99) };
}

interface GhzReport {
  readonly rps: number;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  /** Nanoseconds. */
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[];
}

async function runGhz(address: string, operation: Operation, load: Load): Promise<GhzReport> {
  const { method, inFlight } = operation;
  const { requests, durationMs, rate, authorization = 'none' } = load;
  const data = path.join(load.scratch, 'requests.json');
  writeFileSync(data, JSON.stringify(requests));
  const [program = '', ...args] = [
    ...(cores ? ['taskset', '-c', cores.others] : []),
    ...['ghz', '--insecure', '--protoset', contract, '--call', method.path.slice(1)],
    ...['--data-file', data, '--metadata', JSON.stringify({ authorization }), '--format', 'json'],
    ...['--concurrency', String(inFlight), '--connections', String(Math.min(4, inFlight))],
    ...(durationMs ? ['--duration', `${durationMs}ms`, '--duration-stop', 'wait'] : ['--total', `${requests.length}`]),
    ...(rate ? ['--rps', String(Math.round(rate)), '--async'] : []),
    address,
  ];
  // Less garbage collection: ghz shares the machine with the server that it measures.
  const env = { ...process.env, GOGC: '800' };
  const { status, stdout, stderr } = await runProgram(program, args, { env, signal: load.stop });
  if (status !== 0) throw new SandboxError(`ghz (https://ghz.sh) must be on PATH, and run: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

/** Keeps a process and its threads on these cores. */
export function pin(pid: number, coreList = cores?.others): void {
  if (coreList) spawnSync('taskset', ['-acp', coreList, String(pid)]);
}

/** CPU time of a process so far, from Linux's /proc in ticks of 10 ms. */
export function cpuTimeMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const [, fields = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const [user, system] = fields.split(' ').slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}
