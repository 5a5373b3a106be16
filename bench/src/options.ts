import path from 'node:path';
import { parseArgs } from 'node:util';
import { SandboxError } from '@bookstore/sandbox';

export interface Options {
  readonly short: boolean;
  /** Parts of the names of what is measured; everything when empty. */
  readonly only: readonly string[];
  /** Alternating rounds of each operation. */
  readonly rounds: number;
  /** Length of a round, ms. */
  readonly roundMs: number;
  /** Load before the first round that counts, ms. */
  readonly warmUpMs: number;
  /** The same for a process without any load so far, while V8 compiles, ms. */
  readonly firstWarmUpMs: number;
  /** Another checkout of this repository, instead of the peers. */
  readonly against: string | undefined;
  /** Folder for CPU profiles of the bookstore. */
  readonly profile: string | undefined;
  /** Write the results into docs/. */
  readonly save: boolean;
}

/** @throws SandboxError for an unknown option, and a number of rounds that is none */
export function parseOptions(args: string[]): Options {
  const { short, only, rounds, against, profile, save } = valuesOf(args);
  if (!/^[1-9]\d*$/.test(rounds ?? '1')) throw new SandboxError('--rounds must be a number above 0');
  if (save && (short || against || only.length > 0)) throw new SandboxError('--save needs a full run');
  return {
    short,
    only,
    rounds: Number(rounds ?? (short ? 1 : 5)),
    roundMs: short ? 600 : 1500,
    warmUpMs: short ? 600 : 1500,
    firstWarmUpMs: short ? 600 : 12_000,
    against: against && path.resolve(against),
    profile: profile && path.resolve(profile),
    save,
  };
}

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        short: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        against: { type: 'string' },
        profile: { type: 'string' },
        save: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new SandboxError((error as Error).message);
  }
}
