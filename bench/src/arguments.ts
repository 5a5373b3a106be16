import { parseArgs } from 'node:util';

export const PARTS = ['load', 'start', 'containers', 'replicas'] as const;
/** What is measured together: operations under load, starting, images and containers, several replicas. */
export type PartName = (typeof PARTS)[number];

/** What `npm run bench` was asked for. */
export interface BenchArguments {
  readonly short: boolean;
  readonly parts: readonly PartName[];
  /** Only operations whose name contains one of these. */
  readonly operations: readonly string[];
  /** Alternating rounds for each operation. */
  readonly rounds: number;
  /** Length of one round, ms. */
  readonly roundMs: number;
  /** How long a contender's load lasts before its first round counts, ms. */
  readonly warmUpMs: number;
  /** The same for a process that no load has met yet. */
  readonly firstWarmUpMs: number;
  /** Node that runs the contenders. */
  readonly node: string;
  /** The bookstore with telemetry on, to alternate with. */
  readonly telemetry: boolean;
  /** Folder for a CPU profile of each of the bookstore's processes. */
  readonly profile: string | undefined;
  /** Puts the results into docs/. */
  readonly save: boolean;
}

/** @throws Error for an option that is unknown, or no number where one is needed */
export function parseArguments(args: string[]): BenchArguments {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      telemetry: { type: 'boolean', default: false },
      profile: { type: 'string' },
      save: { type: 'boolean', default: false },
    },
  });
  const named = PARTS.filter((part) => values.only.includes(part));
  const operations = values.only.filter((name) => !named.some((part) => part === name));
  // What is not about single operations has no short form; it is left out unless it is asked for.
  const all = values.short || values.telemetry || values.profile ? PARTS.slice(0, 1) : PARTS;
  const parts = values.only.length === 0 ? all : PARTS.filter((part) => named.includes(part) || isLoad(part));
  function isLoad(part: PartName) {
    return part === 'load' && operations.length > 0;
  }
  return {
    short: values.short,
    parts,
    operations,
    rounds: positive('rounds', values.rounds, values.short ? 1 : 5),
    roundMs: 1000 * positive('seconds', values.seconds, values.short ? 0.6 : 1.5),
    warmUpMs: values.short ? 600 : 1500,
    // A call takes 3 times the CPU in the first 2 s of a process, and 1.2 to 1.4 times up to 16 s, while V8 compiles.
    firstWarmUpMs: values.short ? 600 : 12_000,
    node: values.node,
    telemetry: values.telemetry,
    profile: values.profile,
    save: values.save,
  };
}

function positive(name: string, value: string | undefined, fallback: number): number {
  const number = Number(value ?? fallback);
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0`);
  return number;
}
