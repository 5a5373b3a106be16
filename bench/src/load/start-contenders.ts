import path from 'node:path';
import type { BenchArguments } from '../arguments.js';
import type { Caller } from './caller.js';
import { type Contender, type ContenderName, startBookstore, startPeer } from './contenders.js';
import type { BenchData } from './prepare-data.js';
import { startBookstoreWithTelemetry } from './with-telemetry.js';

/** Those that take turns, until they are disposed of. */
export interface Contenders extends AsyncDisposable {
  readonly all: readonly Contender[];
}

/** The contenders that need databases of their own. */
export const withDatabases = ({ telemetry }: BenchArguments): ContenderName[] => [
  ...(['pg', 'nest-prisma', 'bookstore'] as const),
  ...(telemetry ? (['telemetry'] as const) : []),
];

export async function startContenders(
  { copies }: BenchData,
  { node, profile, telemetry }: BenchArguments,
  { settings }: Caller,
): Promise<Contenders> {
  const databases = (name: ContenderName) => {
    const found = copies.get(name);
    if (!found) throw new Error(`there are no databases for ${name}`);
    return found;
  };
  const nodeOptions = profile ? ['--cpu-prof', '--cpu-prof-dir', path.resolve(profile)] : [];
  const all: Contender[] = [];
  const stop = async () => {
    await Promise.all(all.map((contender) => contender.stop()));
  };
  try {
    all.push(await startPeer('echo', node, databases('pg')));
    for (const name of ['pg', 'nest-prisma'] as const) all.push(await startPeer(name, node, databases(name)));
    const run = { node, nodeOptions, settings };
    all.push(await startBookstore('bookstore', run, databases('bookstore')));
    if (telemetry) all.push(await startBookstoreWithTelemetry(run, databases('telemetry')));
    return { all, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
