import path from 'node:path';
import { compareAnswers } from './compare-answers.js';
import { type BenchData, insertRows } from './data.js';
import { measure } from './measure.js';
import type { Operation } from './operations.js';
import type { Options } from './options.js';
import { type Figures, medians, type OperationResult, spreadOf } from './results.js';
import type { Peer } from './start-peer.js';

/** What all operations of a run have in common. */
export interface Run {
  readonly options: Options;
  readonly data: BenchData;
  /** The bookstore is the last one. */
  readonly peers: readonly Peer[];
  readonly authorization: string;
  readonly scratch: string;
  readonly stop: AbortSignal;
}

const DISTINCT_REQUESTS = 10_000;
const COMPARED_REQUESTS = 50;
/** Processes that have had load. */
const warm = new WeakSet<object>();

/**
 * Measures the peers in alternating rounds, so that a change of the machine's speed meets all of them.
 *
 * @throws SandboxError when a call fails, or two peers answer differently
 */
export async function measureOperation(operation: Operation, run: Run): Promise<OperationResult> {
  const taking = run.peers.filter(({ name }) => name !== 'echo' || operation.withEcho);
  if (!operation.openLoop) await compareAll(operation, taking, run);
  const rates = new Map<Peer, number>();
  for (const peer of taking) rates.set(peer, (await warmUp(operation, peer, run)) / 2);

  const figures = new Map<Peer, Figures[]>(taking.map((peer) => [peer, []]));
  for (let round = 0; round < run.options.rounds; round++) {
    const requests = await requestsFor(operation, run);
    for (const peer of round % 2 === 0 ? taking : taking.toReversed()) {
      const rate = operation.openLoop ? rates.get(peer) : undefined;
      figures.get(peer)?.push(await once(operation, peer, run, requests, rate));
    }
  }
  return {
    name: operation.name,
    goals: run.options.against ? {} : operation.goals,
    medians: Object.fromEntries([...figures].map(([{ name }, all]) => [name, medians(all)])),
    spread: Math.max(...[...figures.values()].map((all) => spreadOf(all.map((one) => one.callsPerSecond)))),
    openLoop: operation.openLoop ?? false,
  };
}

/** Compares each peer with the bookstore; echo answers a constant. */
async function compareAll(operation: Operation, peers: readonly Peer[], run: Run): Promise<void> {
  const bookstore = peers.at(-1) as Peer;
  for (const other of peers.slice(0, -1).filter(({ name }) => name !== 'echo')) {
    const requests = await run.data.requests(operation, COMPARED_REQUESTS);
    await compareAnswers(operation, [other, bookstore], requests, run.authorization);
  }
}

/** Rounds that do not count, in a closed loop; the calls per second of the best one. */
async function warmUp(operation: Operation, peer: Peer, run: Run): Promise<number> {
  const { warmUpMs, firstWarmUpMs } = run.options;
  const { child } = peer.servers[operation.service];
  const end = performance.now() + (warm.has(child) ? warmUpMs : firstWarmUpMs);
  warm.add(child);
  let best = 0;
  do {
    const requests = await requestsFor(operation, run);
    const { callsPerSecond } = await once(operation, peer, run, requests);
    best = Math.max(best, callsPerSecond);
  } while (performance.now() < end);
  return best;
}

async function once(
  operation: Operation,
  peer: Peer,
  { authorization, scratch, stop, options }: Run,
  requests: readonly object[],
  rate?: number,
): Promise<Figures> {
  await insertRows(operation, peer.databases, requests);
  return await measure(peer.servers[operation.service], operation, peer.name, {
    requests,
    dataFile: path.join(scratch, 'requests.json'),
    authorization,
    rate,
    signal: stop,
    durationMs: operation.callsPerRound ? undefined : options.roundMs,
  });
}

function requestsFor(operation: Operation, { data, options }: Run): Promise<object[]> {
  const perRound = (operation.callsPerRound ?? DISTINCT_REQUESTS) / (options.short ? 5 : 1);
  return data.requests(operation, perRound);
}
