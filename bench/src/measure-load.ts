import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { SCOPES, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { compareAnswers } from './compare-answers.js';
import { insertRows } from './data.js';
import { type Figures, medians, type OperationResult, spreadOf } from './figures.js';
import { measure, pin } from './load.js';
import type { Operation } from './operations.js';
import type { Run } from './options.js';
import { type Peer, startPeer } from './start-peer.js';

const DISTINCT_REQUESTS = 10_000;
/** At least so many rounds before those that count. */
const WARM_UP_ROUNDS = 4;
const COMPARED_REQUESTS = 50;

/** The bookstore beside its peers, or beside the bookstore of another checkout. */
export async function measureLoad(operations: readonly Operation[], run: Run): Promise<OperationResult[]> {
  const { data, options } = run;
  const { authorization, settings } = await makeCaller(run.scratch);
  const peers: Peer[] = [];
  try {
    if (options.against) {
      const databases = await data.copyFor('before');
      peers.push(await startPeer('before', databases, { folder: options.against, settings }));
    } else {
      for (const peer of ['echo', 'pg', 'nest-prisma'])
        peers.push(await startPeer(peer, await data.copyFor(peer, { foreignKey: false }), { peer }));
    }
    // Telemetry is on where this shell has its variables.
    const telemetry = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_')));
    const bookstore = await startPeer('bookstore', await data.copyFor('bookstore'), {
      nodeOptions: options.profile ? ['--cpu-prof', '--cpu-prof-dir', options.profile] : [],
      settings: { ...settings, ...telemetry },
    });
    peers.push(bookstore);
    for (const { servers } of peers) for (const { pid } of Object.values(servers)) pin(pid);

    const results: OperationResult[] = [];
    for (const operation of operations) {
      const taking = peers.filter(({ name }) => name !== 'echo' || operation.withEcho);
      // An open loop sends calls that were compared before; the updates since then went on for as long as a round.
      const compared = operation.openLoop ? [] : taking.filter(({ name }) => name !== 'echo' && name !== 'bookstore');
      for (const peer of compared) {
        const requests = await data.requests(operation, COMPARED_REQUESTS);
        await compareAnswers(operation, [peer, bookstore], requests, authorization);
      }
      const result = await measureOperation(operation, taking, authorization, run);
      results.push(result);
      console.log(`\n${operation.name}: CPU, p50 and p99 in ms; spread ${Math.round(result.spread * 100)} %`);
      console.table(result.medians);
    }
    return results;
  } finally {
    await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
  }
}

/** Measures the peers in alternating rounds, so that a change of the machine's speed meets all of them. */
async function measureOperation(
  operation: Operation,
  peers: readonly Peer[],
  authorization: string,
  { data, options, scratch, stop }: Run,
): Promise<OperationResult> {
  const { service, callsPerRound = DISTINCT_REQUESTS } = operation;
  const newRequests = () => data.requests(operation, callsPerRound / (options.short ? 5 : 1));
  const durationMs = operation.callsPerRound ? undefined : options.roundMs;
  const once = async ({ servers, databases }: Peer, requests: readonly object[], rate?: number) => {
    await insertRows(operation, databases, requests);
    return measure(servers[service], operation, { requests, scratch, authorization, durationMs, rate, stop });
  };
  /** Rounds that do not count, until V8 has compiled and they get no faster; the calls per second of the best one. */
  const warmUp = async (peer: Peer) => {
    for (let round = 1, best = 0; ; round++) {
      const { 'calls/s': rate } = await once(peer, await newRequests());
      if (round >= WARM_UP_ROUNDS && rate < best * 1.05) return Math.max(rate, best);
      best = Math.max(rate, best);
    }
  };

  const measured: { peer: Peer; peak: number; rounds: Figures[] }[] = [];
  for (const peer of peers) measured.push({ peer, peak: await warmUp(peer), rounds: [] });
  for (let round = 0; round < options.rounds; round++) {
    const requests = await newRequests();
    for (const { peer, peak, rounds } of round % 2 === 0 ? measured : measured.toReversed())
      rounds.push(await once(peer, requests, operation.openLoop ? peak / 2 : undefined));
  }
  return {
    operation,
    medians: Object.fromEntries(measured.map(({ peer, rounds }) => [peer.name, medians(rounds)])),
    spread: Math.max(...measured.map(({ rounds }) => spreadOf(rounds.map((round) => round['calls/s'])))),
  };
}

/** A token, which all peers are sent, and the settings with which the bookstore accepts it. */
async function makeCaller(scratch: string) {
  const keys = path.join(scratch, 'jwks.json');
  const key = await TokenKey.create();
  writeFileSync(keys, JSON.stringify({ keys: [key.publicJwk] }));
  const token = await key.issue({ subject: 'bench', scopes: SCOPES, lifetimeSeconds: 4 * 3600 });
  return {
    authorization: `Bearer ${token}`,
    settings: { AUTH: 'jwt', JWT_JWKS_FILE: keys, JWT_ISSUER: TOKEN_ISSUER, JWT_AUDIENCE: TOKEN_AUDIENCE },
  };
}
