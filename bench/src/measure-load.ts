import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SCOPES, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { SandboxError } from '@bookstore/sandbox';
import type { BenchData } from './data.js';
import { pin } from './measure.js';
import { measureOperation } from './measure-operation.js';
import type { Operation } from './operations.js';
import type { Options } from './options.js';
import type { OperationResult } from './results.js';
import { type Peer, peerProgram, repository, startPeer } from './start-peer.js';
import { showOperation } from './table.js';

/** The bookstore beside its peers, or beside the bookstore of another checkout. */
export async function measureLoad(
  operations: readonly Operation[],
  options: Options,
  data: BenchData,
  scratch: string,
  stop: AbortSignal,
): Promise<OperationResult[]> {
  const { authorization, settings } = await makeCaller(scratch);
  const peers: Peer[] = [];
  // Before a peer connects: PostgreSQL's process for a connection begins on the cores that its parent has.
  pin(data.postgres.pid);
  try {
    const start = async (...args: Parameters<typeof startPeer>) => {
      peers.push(await startPeer(...args));
    };
    if (options.against) {
      requireSameMigrations(options.against);
      await start('before', await data.copyFor('before'), { folder: options.against, settings });
    } else {
      const pg = await data.copyWithoutForeignKey('pg');
      await start('echo', pg, { program: peerProgram('echo') });
      await start('pg', pg, { program: peerProgram('pg') });
      await start('nest-prisma', await data.copyWithoutForeignKey('nest-prisma'), {
        program: peerProgram('nest-prisma'),
      });
    }
    await start('bookstore', await data.copyFor('bookstore'), {
      nodeOptions: options.profile ? ['--cpu-prof', '--cpu-prof-dir', options.profile] : [],
      settings: { ...settings, ...telemetrySettings() },
    });
    for (const { servers } of peers) for (const { child } of Object.values(servers)) pin(child.pid as number);

    const results: OperationResult[] = [];
    for (const operation of operations) {
      const result = await measureOperation(operation, { options, data, peers, authorization, scratch, stop });
      results.push(result);
      console.log(showOperation(result));
    }
    return results;
  } finally {
    await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
  }
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

/** The OTEL_* variables of this shell turn telemetry on. */
const telemetrySettings = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'))) as Record<
    string,
    string
  >;

/** Both checkouts serve copies of the same databases. */
function requireSameMigrations(other: string): void {
  const migrationsOf = (checkout: string) =>
    ['author-service', 'book-service'].map((name) => readdirSync(path.join(checkout, name, 'prisma/migrations')));
  if (!isDeepStrictEqual(migrationsOf(other), migrationsOf(repository)))
    throw new SandboxError(`${other} has other migrations`);
}
