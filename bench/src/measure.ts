import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareAnswers } from './compare-answers.js';
import type { Contender } from './contenders.js';
import { cores, cpuTimeMs, pin } from './cpu.js';
import { type LoadResult, runGhz } from './ghz.js';
import type { Operation } from './operations.js';

/** One contender's figures of one round, or their medians. */
export interface Figures {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the measured service for each call, ms. */
  readonly cpuPerCall: number;
}

/** What all rounds of an operation came to. */
export interface Measured {
  readonly operation: Operation;
  readonly medians: ReadonlyMap<string, Figures>;
  /** Largest and smallest throughput of the rounds, relative to the median: how noisy the machine was. */
  readonly spread: number;
}

/** Variants of the bookstore, which have all its operations. */
const EVERYWHERE = new Set<string>(['against', 'telemetry']);
const DISTINCT_REQUESTS = 10_000;

/** Rounds in which the contenders take turns, so that the machine's moods meet them alike. */
export async function measure(
  operation: Operation,
  all: readonly Contender[],
  rounds: number,
  roundMs: number,
): Promise<Measured> {
  const contenders = all.filter(({ name }) => EVERYWHERE.has(name) || operation.contenders.includes(name));
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  const dataFile = path.join(scratch, 'requests.json');
  const figures = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  try {
    await compareAll(operation, contenders);
    for (let round = -1; round < rounds; round++) {
      for (const contender of contenders) {
        const requests = await operation.requests(contender, operation.once ?? DISTINCT_REQUESTS);
        writeFileSync(dataFile, JSON.stringify(requests));
        const result = await run(operation, contender, all, dataFile, requests.length, roundMs);
        if (round >= 0) figures.get(contender.name)?.push(result); // the round before the first warms up
      }
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const medians = new Map([...figures].map(([name, list]) => [name, medianOf(list)]));
  return { operation, medians, spread: Math.max(...[...figures.values()].map(spreadOf)) };
}

async function compareAll(operation: Operation, contenders: readonly Contender[]): Promise<void> {
  const bookstore = contenders.find(({ name }) => name === 'bookstore');
  if (!operation.comparable || !bookstore) return;
  for (const other of contenders) {
    // E answers a constant: it is there for what the transport alone costs.
    if (other === bookstore || other.name === 'E') continue;
    await compareAnswers(operation, bookstore, other, await operation.requests(bookstore, 50));
  }
}

async function run(
  operation: Operation,
  contender: Contender,
  all: readonly Contender[],
  dataFile: string,
  count: number,
  roundMs: number,
): Promise<Figures> {
  const server = contender.services[operation.service];
  if (cores) {
    for (const { services } of all) for (const { pid } of Object.values(services)) pin(pid, cores.others);
    pin(server.pid, cores.server);
  }
  const load = { address: server.address, method: operation.method, dataFile, inFlight: operation.inFlight };
  const until = operation.once ? { calls: count } : { durationMs: roundMs };
  const rate = operation.ofPeak && { rate: operation.ofPeak * (await runGhz({ ...load, until })).callsPerSecond };
  const before = cpuTimeMs(server.pid);
  const result = await runGhz({ ...load, until, ...rate });
  const cpu = cpuTimeMs(server.pid) - before;
  requireNoErrors(operation, contender, result);
  return { ...result, cpuPerCall: cpu / result.calls };
}

function requireNoErrors({ name }: Operation, contender: Contender, { errors }: LoadResult): void {
  if (Object.keys(errors).length > 0) throw new Error(`${name}: ${contender.name} answered ${JSON.stringify(errors)}`);
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const medianOf = (list: Figures[]): Figures => ({
  callsPerSecond: median(list.map((figures) => figures.callsPerSecond)),
  p50: median(list.map((figures) => figures.p50)),
  p99: median(list.map((figures) => figures.p99)),
  cpuPerCall: median(list.map((figures) => figures.cpuPerCall)),
});
const spreadOf = (list: Figures[]) => {
  const rates = list.map(({ callsPerSecond }) => callsPerSecond);
  return (Math.max(...rates) - Math.min(...rates)) / median([...rates]);
};
