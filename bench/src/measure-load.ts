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
import { showResult } from './table.js';

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
      for (const name of ['echo', 'pg', 'nest-prisma'])
        peers.push(await startPeer(name, await data.copyWithoutForeignKey(name), { peer: name }));
    }
    // Telemetry is on where this shell has its variables.
    const telemetry = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_')));
    const bookstore = await startPeer('bookstore', await data.copyFor('bookstore'), {
      nodeOptions: options.profile ? ['--cpu-prof', '--cpu-prof-dir', options.profile] : [],
      settings: { ...settings, ...(telemetry as Record<string, string>) },
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
      console.log(showResult(result));
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
  const newRequests = () =>
    data.requests(operation, (operation.callsPerRound ?? DISTINCT_REQUESTS) / (options.short ? 5 : 1));
  const durationMs = operation.callsPerRound ? undefined : options.roundMs;
  const once = async ({ servers, databases }: Peer, requests: readonly object[], rate?: number) => {
    await insertRows(operation, databases, requests);
    const load = { requests, scratch, authorization, durationMs, rate, stop };
    return await measure(servers[operation.service], operation, load);
  };
  /** Rounds that do not count, until V8 has compiled and they get no faster; the calls per second of the best one. */
  const warmUp = async (peer: Peer) => {
    for (let round = 1, best = 0; ; round++) {
      const { 'calls/s': rate } = await once(peer, await newRequests());
      if (round >= WARM_UP_ROUNDS && rate < best * 1.05) return Math.max(rate, best);
      best = Math.max(rate, best);
    }
  };

  const rates = new Map<Peer, number>();
  for (const peer of peers) rates.set(peer, (await warmUp(peer)) / 2);
  const figures = new Map<Peer, Figures[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < options.rounds; round++) {
    const requests = await newRequests();
    for (const peer of round % 2 === 0 ? peers : peers.toReversed())
      figures.get(peer)?.push(await once(peer, requests, operation.openLoop ? rates.get(peer) : undefined));
  }
  return {
    operation,
    medians: Object.fromEntries([...figures].map(([{ name }, all]) => [name, medians(all)])),
    spread: Math.max(...[...figures.values()].map((all) => spreadOf(all.map((one) => one['calls/s'])))),
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
