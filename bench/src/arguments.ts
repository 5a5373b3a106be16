import { parseArgs } from 'node:util';

/** What `npm run bench` was asked for. */
export interface BenchArguments {
  /** Authors and books in the database. */
  readonly authors: number;
  readonly books: number;
  /** Alternating rounds for each operation. */
  readonly rounds: number;
  /** Length of one round, ms. */
  readonly roundMs: number;
  /** Only operations whose name contains one of these. */
  readonly only: readonly string[];
  /** Another version of the bookstore to alternate with. */
  readonly against: string | undefined;
  /** The bookstore with telemetry on, to alternate with. */
  readonly telemetry: boolean;
  /** Folder for a CPU profile of each of the bookstore's processes. */
  readonly profile: string | undefined;
  /** Where the results go, besides the screen. */
  readonly out: string | undefined;
}

/** The short form takes about a minute; the full one as long as its rounds. */
export function parseArguments(args: string[]): BenchArguments {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      authors: { type: 'string' },
      books: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      against: { type: 'string' },
      telemetry: { type: 'boolean', default: false },
      profile: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const number = (value: string | undefined, fallback: number) => (value === undefined ? fallback : Number(value));
  return {
    authors: number(values.authors, values.short ? 1_000 : 100_000),
    books: number(values.books, values.short ? 10_000 : 1_000_000),
    rounds: number(values.rounds, values.short ? 1 : 5),
    roundMs: 1000 * number(values.seconds, values.short ? 1 : 6),
    only: values.only,
    against: values.against,
    telemetry: values.telemetry,
    profile: values.profile,
    out: values.out,
  };
}
