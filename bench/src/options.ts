import path from 'node:path';
import { parseArgs } from 'node:util';
import { SandboxError } from '@bookstore/sandbox';
import type { BenchData } from './data.js';

/** What all measurements have in common. */
export interface Run {
  readonly options: ReturnType<typeof parseOptions>;
  readonly data: BenchData;
  readonly scratch: string;
  readonly stop: AbortSignal;
}

/** @throws SandboxError for options that do not fit; parseArgs's error for an unknown one */
export function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      against: { type: 'string' },
      profile: { type: 'string' },
      save: { type: 'boolean', default: false },
    },
  });
  const { short, only, against, profile, save, rounds = short ? '1' : '5' } = values;
  if (!/^[1-9]\d*$/.test(rounds)) throw new SandboxError('--rounds must be a number above 0');
  if (save && (short || against || only.length > 0)) throw new SandboxError('--save needs a full run');
  return {
    ...{ short, only, save, rounds: Number(rounds) },
    /** Starts of each kind. */
    starts: short ? 1 : 3,
    /** Length of a round, ms. */
    roundMs: short ? 600 : 1000,
    /** Another checkout of this repository, instead of the peers. */
    against: against && path.resolve(against),
    /** Folder for CPU profiles of the bookstore. */
    profile: profile && path.resolve(profile),
  };
}
