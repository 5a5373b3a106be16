import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram, SandboxError } from '@bookstore/sandbox';
import type { Operation } from './operations.js';
import type { Figures } from './results.js';
import type { Server } from './start-peer.js';

const contract = fileURLToPath(new URL('gen/descriptors.binpb', import.meta.resolve('@bookstore/proto/package.json')));

/** What the load is, beside the operation. */
export interface Load {
  readonly requests: readonly object[];
  /** File that the requests are written into. */
  readonly dataFile: string;
  readonly authorization: string;
  /** The requests are repeated for so long, ms; each is sent once when undefined. */
  readonly durationMs: number | undefined;
  /** Calls per second of an open loop; as fast as answers come when undefined. */
  readonly rate?: number | undefined;
  readonly signal: AbortSignal;
}

/** The cores of the measured server, and of all else. */
const cores = cpus().length > 1 ? { server: '0', others: `1-${cpus().length - 1}` } : undefined;

/**
 * One round of load by ghz.
 *
 * @throws SandboxError without ghz, and when a call fails
 */
export async function measure(
  { address, child }: Server,
  operation: Operation,
  peer: string,
  load: Load,
): Promise<Figures> {
  const pid = child.pid as number;
  pin(pid, cores?.server);
  writeFileSync(load.dataFile, JSON.stringify(load.requests));
  const before = cpuTimeMs(pid);
  const report = await runGhz(address, operation, load);
  const cpuMs = cpuTimeMs(pid) - before;
  pin(pid, cores?.others);
  const { OK: calls = 0, ...errors } = report.statusCodeDistribution;
  if (Object.keys(errors).length > 0)
    throw new SandboxError(`${operation.name}: ${peer} answers ${JSON.stringify(errors)}`);
  const latency = (percentile: number) =>
    (report.latencyDistribution.find(({ percentage }) => percentage === percentile)?.latency ?? Number.NaN) / 1e6;
  return { callsPerSecond: report.rps, p50: latency(50), p99: latency(99), cpuPerCall: cpuMs / calls };
}

interface GhzReport {
  readonly rps: number;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  /** Nanoseconds. */
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[];
}

async function runGhz(address: string, operation: Operation, load: Load): Promise<GhzReport> {
  const { method, inFlight } = operation;
  const args = [
    ...['--insecure', '--protoset', contract, '--call', `bookstore.${method}`, '--data-file', load.dataFile],
    ...['--metadata', JSON.stringify({ authorization: load.authorization })],
    ...['--concurrency', String(inFlight), '--connections', String(Math.min(4, inFlight))],
    ...(load.durationMs
      ? ['--duration', `${load.durationMs}ms`, '--duration-stop', 'wait']
      : ['--total', String(load.requests.length)]),
    ...(load.rate ? ['--rps', String(Math.round(load.rate)), '--async'] : []),
    ...['--format', 'json', address],
  ];
  const [program, ...rest] = cores ? ['taskset', '-c', cores.others, 'ghz', ...args] : ['ghz', ...args];
  // Less garbage collection: ghz shares the machine with the server that it measures.
  const env = { ...process.env, GOGC: '800' };
  const { status, stdout, stderr } = await runProgram(program as string, rest, { env, signal: load.signal });
  if (status !== 0) throw new SandboxError(`ghz (https://ghz.sh) must be on PATH, and run: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

/** Keeps a process and its threads on these cores, on Linux. */
export function pin(pid: number, coreList = cores?.others): void {
  if (coreList && process.platform === 'linux') spawnSync('taskset', ['-acp', coreList, String(pid)]);
}

/** CPU time of a process so far, from Linux's /proc in ticks of 10 ms. */
export function cpuTimeMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
