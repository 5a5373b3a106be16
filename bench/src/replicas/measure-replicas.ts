import { cpus } from 'node:os';
import { memoryUsage } from '../containers/memory-usage.js';
import { docker, Stack } from '../containers/stack.js';
import type { ServiceName } from '../load/contenders.js';
import { cpuFields } from '../load/cpu.js';
import type { Check, PartFindings } from '../report/results.js';

const SERVICES = ['author-service', 'book-service'] as const;
const REPLICAS = 3;
/** For each replica; below what one serves even where all share two cores. */
const CALLS_PER_SECOND = 300;
const IN_FLIGHT = 64;
const SHARE = { atLeast: 0.28, atMost: 0.38 };
const TICK_MS = 10;

/** What the client saw of a service, and what that cost. */
interface Served {
  /** Of each replica. */
  readonly calls: readonly number[];
  readonly failed: number;
  readonly callsPerSecond: number;
  readonly cpuPerCall: number;
  /** Of the container that used the most, MiB. */
  readonly memory: number;
}

/** A line of the client's: before the load without, after it with the figures. */
interface Said {
  readonly service: ServiceName;
  readonly byPeer?: Readonly<Record<string, number>>;
  readonly failed?: number;
  readonly seconds?: number;
}

/** Three of each service behind round_robin, beside one. */
export async function measureReplicas(): Promise<PartFindings> {
  await using stack = await Stack.build(['compose.replicas.yaml', 'bench/src/replicas/compose.client.yaml']);
  const at = async (replicas: number) => {
    await stack.compose('up', '--wait', ...SERVICES.flatMap((service) => ['--scale', `${service}=${replicas}`]));
    const steady = await serve(stack, { LOAD_RATE: String(CALLS_PER_SECOND * replicas) });
    return { steady, full: await serve(stack, { LOAD_IN_FLIGHT: String(IN_FLIGHT * replicas) }) };
  };
  const one = await at(1);
  const all = await at(REPLICAS);
  const checks = SERVICES.flatMap((service): Check[] => {
    const [before, after] = [one.steady.get(service), all.steady.get(service)];
    const runs = [one, all].flatMap(({ steady, full }) => [steady, full]);
    const failed = runs.reduce((total, run) => total + (run.get(service)?.failed ?? Number.NaN), 0);
    const busiest = one.full.get(service);
    const shares = sharesOf(after?.calls ?? []);
    return [
      { name: `${service}: calls that failed`, measured: failed, unit: 'calls', atMost: 0 },
      {
        name: `${service}: the smallest share of ${REPLICAS} replicas`,
        ...SHARE,
        measured: Math.min(...shares),
        unit: 'of the calls',
      },
      { name: `${service}: the largest share`, ...SHARE, measured: Math.max(...shares), unit: 'of the calls' },
      {
        name: `${service}: CPU a call of ${REPLICAS} replicas ÷ of one`,
        measured: (after?.cpuPerCall ?? Number.NaN) / (before?.cpuPerCall ?? Number.NaN),
        unit: '×',
        atMost: 1.1,
      },
      {
        name: `${service}: memory of one replica at ${busiest?.callsPerSecond.toFixed(0)} calls/s`,
        measured: busiest?.memory ?? Number.NaN,
        unit: 'MiB',
        atMost: 160,
      },
      {
        name: `${service}: calls/s of ${REPLICAS} replicas ÷ of one, which share ${cpus().length} cores with client and databases`,
        measured:
          (all.full.get(service)?.callsPerSecond ?? Number.NaN) / (one.full.get(service)?.callsPerSecond ?? Number.NaN),
        unit: '×',
      },
    ];
  });
  return {
    checks,
    conditions: `reads by id, ${CALLS_PER_SECOND} calls/s for each replica; then ${IN_FLIGHT} in flight for each`,
  };
}

/** Runs the client once, and looks at what the replicas use while it loads them. */
async function serve(stack: Stack, env: Readonly<Record<string, string>>): Promise<ReadonlyMap<ServiceName, Served>> {
  const served = new Map<ServiceName, Served>();
  let before = 0;
  for await (const line of stack.follow(['run', '--rm', '-T', 'client'], env)) {
    const { service, byPeer, failed = 0, seconds = 0 } = JSON.parse(line) as Said;
    const containers = await stack.containers(service);
    const used = await cpuTimeMs(containers);
    if (byPeer) {
      const calls = Object.values(byPeer);
      const sum = calls.reduce((total, count) => total + count, 0);
      served.set(service, {
        calls,
        failed,
        callsPerSecond: sum / seconds,
        cpuPerCall: (used - before) / sum,
        memory: Math.max(...(await memoryUsage(containers)).values()),
      });
    }
    before = used;
  }
  return served;
}

/** CPU time of the containers' main processes so far, ms. */
async function cpuTimeMs(containers: readonly string[]): Promise<number> {
  const stats = await Promise.all(containers.map((id) => docker(['exec', id, 'cat', '/proc/1/stat'])));
  return TICK_MS * stats.flatMap((stat) => cpuFields(stat).slice(0, 2)).reduce((total, ticks) => total + ticks, 0);
}

/** Of each replica; one that was never called is none of the client's, and leaves the others too much. */
export function sharesOf(calls: readonly number[]): number[] {
  const sum = calls.reduce((total, count) => total + count, 0);
  return calls.map((count) => count / sum);
}
