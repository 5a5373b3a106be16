import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from '../report/results.js';
import { compareAnswers } from './compare-answers.js';
import type { Contender } from './contenders.js';
import { cores, cpuTimeMs, cpuTimeOfFamilyMs, forgetPeakMemory, peakMemoryMiB, pin } from './cpu.js';
import { query } from './database.js';
import { type Load, type LoadResult, runGhz } from './ghz.js';
import { forContender, type Operation } from './operations.js';
import type { BenchData } from './prepare-data.js';
import type { ServerProcess } from './server-process.js';

/** What all operations of a run have in common. */
export interface Bench {
  readonly data: BenchData;
  readonly contenders: readonly Contender[];
  readonly authorization: string;
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** The same for a process that no load has met yet. */
  readonly firstWarmUpMs: number;
}

/** Each contender's figures, round by round. */
export type Rounds = ReadonlyMap<string, readonly Figures[]>;

const DISTINCT_REQUESTS = 10_000;
const COMPARED_REQUESTS = 50;
/** Part of the calls per second that a contender may reach, before it is known how many that are. */
const FIRST_GUESS = 1 / 8;
/** For what a process would have done while it was paused. */
const PUT_OFF_MS = 500;
/** Processes that have had their first load. */
const met = new WeakSet<object>();

/**
 * Rounds in which the contenders take turns, so that the machine's moods meet them alike.
 *
 * @throws Error when a call fails, or an answer is not the peer's
 */
export async function measure(operation: Operation, bench: Bench): Promise<Rounds> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  const taking = bench.contenders.filter(({ name }) => name === 'telemetry' || operation.contenders.includes(name));
  const run = new Run(operation, bench, path.join(scratch, 'requests.json'));
  const figures = new Map<string, Figures[]>(taking.map(({ name }) => [name, []]));
  try {
    // An open loop sends what a closed one was compared for; since then the contenders' data have changed.
    if (operation.ofPeak === undefined) await run.compare(taking);
    for (const contender of taking) await run.warmUp(contender);
    for (let round = 0; round < bench.rounds; round++) {
      const requests = await run.requests(bench.roundMs);
      // Who comes first changes, too.
      for (const contender of round % 2 === 0 ? taking : taking.toReversed()) {
        figures.get(contender.name)?.push(await run.once(contender, requests));
      }
    }
    return figures;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** One operation's way through the contenders. */
class Run {
  readonly #peaks = new Map<string, number>();
  #requests: Promise<object[]> | undefined;

  constructor(
    private readonly operation: Operation,
    private readonly bench: Bench,
    private readonly dataFile: string,
  ) {}

  /** The same for each round, unless they can be sent but once. */
  async requests(roundMs: number): Promise<readonly object[]> {
    const { oncePerSecond, requests } = this.operation;
    const { originals } = this.bench.data;
    if (oncePerSecond) return requests.make(originals, Math.ceil((oncePerSecond * roundMs) / 1000));
    this.#requests ??= requests.make(originals, DISTINCT_REQUESTS);
    return this.#requests;
  }

  /** The bookstore's responses with those of all others but echo, whose response is constant. */
  async compare(contenders: readonly Contender[]): Promise<void> {
    const bookstore = contenders.find(({ name }) => name === 'bookstore');
    for (const server of serversOf(contenders)) server.resume();
    for (const other of contenders) {
      if (!bookstore || other === bookstore || other.name === 'echo') continue;
      const requests = await this.operation.requests.make(this.bench.data.originals, COMPARED_REQUESTS);
      for (const contender of [bookstore, other]) await this.#makeRows(contender, requests);
      await compareAnswers(this.operation, [bookstore, other], requests, this.bench.authorization);
    }
  }

  /** Rounds that do not count, while V8 compiles. They also find the contender's peak. */
  async warmUp(contender: Contender): Promise<void> {
    const { roundMs, warmUpMs, firstWarmUpMs } = this.bench;
    const process = contender.services[this.operation.service];
    const forMs = met.has(process) ? warmUpMs : firstWarmUpMs;
    met.add(process);
    for (let warmMs = 0; warmMs < forMs; warmMs += roundMs) {
      await this.#run(contender, await this.#load(contender, await this.requests(roundMs)));
    }
  }

  async once(contender: Contender, requests: readonly object[]): Promise<Figures> {
    const { postgres } = this.bench.data;
    const load = await this.#load(contender, requests);
    const { ofPeak } = this.operation;
    const rate = ofPeak && { rate: ofPeak * (this.#peaks.get(contender.name) ?? Number.NaN) };
    const { pid } = contender.services[this.operation.service];
    forgetPeakMemory(pid);
    const before = { service: cpuTimeMs(pid), database: cpuTimeOfFamilyMs(postgres.pid) };
    const { calls, callsPerSecond, p50, p99 } = await this.#run(contender, { ...load, ...rate });
    return {
      ...{ callsPerSecond, p50, p99 },
      cpuPerCall: (cpuTimeMs(pid) - before.service) / calls,
      databaseCpuPerCall: (cpuTimeOfFamilyMs(postgres.pid) - before.database) / calls,
      memory: peakMemoryMiB(pid),
    };
  }

  async #load(contender: Contender, all: readonly object[]): Promise<Load> {
    const { service, method, inFlight, oncePerSecond } = this.operation;
    const { authorization, roundMs } = this.bench;
    const perSecond = this.#peaks.get(contender.name) ?? FIRST_GUESS * (oncePerSecond ?? 0);
    // As many as take the contender about one round.
    const requests = oncePerSecond ? all.slice(0, Math.ceil((perSecond * roundMs) / 1000)) : all;
    await this.#makeRows(contender, requests);
    writeFileSync(this.dataFile, JSON.stringify(forContender(contender.name, this.operation, requests)));
    const { address, pid } = contender.services[service];
    const own = serversOf([contender]);
    await this.#clearStageFor(own);
    if (cores) {
      for (const { pid } of own) pin(pid, cores.others);
      pin(pid, cores.server);
    }
    const until = oncePerSecond ? { calls: requests.length } : { durationMs: roundMs };
    return { address, method, authorization, dataFile: this.dataFile, inFlight, until };
  }

  /**
   * Who waits is paused: V8 collects the garbage of a turn later, when its process is idle, in the turn of somebody else.
   * Who goes on has a moment for that.
   */
  async #clearStageFor(own: readonly ServerProcess[]): Promise<void> {
    for (const other of serversOf(this.bench.contenders)) if (!own.includes(other)) other.pause();
    if (own.map((server) => server.resume()).includes(true)) await sleep(PUT_OFF_MS);
  }

  async #makeRows({ databases }: Contender, requests: readonly object[]): Promise<void> {
    const { rowsFor } = this.operation.requests;
    if (rowsFor) await query(databases[rowsFor.service], rowsFor.insert(requests));
  }

  async #run({ name }: Contender, load: Load): Promise<LoadResult> {
    const result = await runGhz(load);
    if (Object.keys(result.errors).length > 0) throw new Error(`${name} answered ${JSON.stringify(result.errors)}`);
    this.#peaks.set(name, Math.max(result.callsPerSecond, this.#peaks.get(name) ?? 0));
    return result;
  }
}

const serversOf = (contenders: readonly Contender[]): ServerProcess[] =>
  contenders.flatMap(({ services }) => Object.values(services));
