import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run chaos -- [options]

Does things to a bookstore of its own that nobody should, and prints what its promises are worth.

  --target <name> embedded (the default), or compose: faults of containers, on a Docker Engine
  --rows <n,n,…>  these rows of the table alone
  --short         less of each row, for minutes instead of an hour
  --untimed       a promise of time that does not hold is shown, and fails nothing: for a busy machine
  --seed <n>      repeats the choices of an earlier run
  --json <file>   writes what was measured there, too
  --save          puts the table into docs/reliability.md
  --help          this text`;

export interface ChaosOptions {
  readonly target: 'embedded' | 'compose';
  readonly rows: ReadonlySet<number> | undefined;
  readonly short: boolean;
  readonly untimed: boolean;
  readonly seed: number;
  readonly json: string | undefined;
  readonly save: boolean;
  readonly help: boolean;
}

const FLAGS = {
  target: { type: 'string', default: 'embedded' },
  rows: { type: 'string' },
  short: { type: 'boolean', default: false },
  untimed: { type: 'boolean', default: false },
  seed: { type: 'string' },
  json: { type: 'string' },
  save: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws Error whose message is one line */
export function parseOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
  const { target, short, untimed, json, save, help } = values;
  if (target !== 'embedded' && target !== 'compose') throw new Error('--target takes embedded or compose');
  const rows =
    values.rows === undefined ? undefined : new Set(values.rows.split(',').map((row) => number('--rows', row)));
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : number('--seed', values.seed);
  return { target, rows, short, untimed, seed, json, save, help };
}

function number(flag: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Error(`${flag} takes whole numbers, not '${text}'`);
}
