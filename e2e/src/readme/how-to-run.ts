import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ProgramResult } from '@bookstore/sandbox';
import { freePort } from '@bookstore/sandbox';
import { outputOf } from '../process/output-of.js';
import { root } from '../root.js';
import type { Target, TargetName } from '../targets/target.js';

/** What a command needs, and how it is run so that it meets the target instead of a bookstore on the default ports. */
export interface WayToRun {
  readonly matches: RegExp;
  /** The targets with which it can run; all when absent. */
  readonly on?: readonly TargetName[];
  readonly run: (command: string, target: Target) => Promise<ProgramResult>;
}

const fine: ProgramResult = { status: 0, stdout: '', stderr: '' };

/** Every kind of command that a README may show. */
const waysToRun: readonly WayToRun[] = [
  // Not within a run of what it has installed: whether manifests and lockfile agree is what can be told.
  { matches: /^npm ci$/, on: ['embedded'], run: () => outputOf('npm ci --dry-run --ignore-scripts') },
  // Under test/ and e2e/start/: what the script names is run there.
  { matches: /^npm (start|test)$/, run: async (command) => requireScript(command.slice(4)) },
  { matches: /^npm run seed\b/, run: (command, target) => outputOf(smaller(command), { env: portsOf(target) }) },
  { matches: /^npx buf curl /, run: (command, target) => outputOf(atTarget(command, target)) },
  {
    matches: /^([A-Z_]+=\S+ )*docker compose ((--profile '\*' )?down|up|stop|build)\b/,
    on: ['compose'],
    run: async (command) => outputOf(command, { env: await ownStack() }),
  },
  { matches: /^docker build /, on: ['compose'], run: (command) => outputOf(command) },
];

/** @throws Error for a command of a kind that nobody has thought of */
export function wayToRun(command: string): WayToRun {
  const way = waysToRun.find(({ matches }) => matches.test(command));
  if (!way) throw new Error(`no way to run is known for: ${command}`);
  return way;
}

let stack: Promise<Readonly<Record<string, string>>> | undefined;

/** A project and ports for what is shown of docker compose, beside whichever stack runs. */
function ownStack(): Promise<Readonly<Record<string, string>>> {
  stack ??= (async () => ({
    COMPOSE_PROJECT_NAME: `bookstore-readme-${randomBytes(4).toString('hex')}`,
    AUTHOR_PORT: String(await freePort()),
    BOOK_PORT: String(await freePort()),
  }))();
  return stack;
}

/** Removes what the commands have left: containers, volumes, and images named for somebody's registry. */
export async function cleanUp(): Promise<void> {
  if (!stack) return;
  await outputOf('docker compose down --volumes', { env: await stack });
  const images = await outputOf([
    'docker',
    'images',
    '--format',
    '{{.Repository}}:{{.Tag}}',
    'registry.example.com/*/*',
  ]);
  const names = images.stdout.split('\n').filter(Boolean);
  if (names.length > 0) await outputOf(['docker', 'rmi', ...names]);
}

async function requireScript(name: string): Promise<ProgramResult> {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return name in scripts ? fine : { ...fine, status: 1, stderr: `package.json has no script ${name}` };
}

/** With a hundredth of what a made-up set is shown to hold: it is the command that is looked at. */
const smaller = (command: string): string =>
  command.replaceAll(/--(authors|books) (\d+)/g, (_, what, count) => `--${what} ${Math.ceil(Number(count) / 100)}`);

const portOf = (address: string): string => address.replace(/^.*:/, '');

const portsOf = ({ authorAddress, bookAddress }: Target) => ({
  AUTHOR_PORT: portOf(authorAddress),
  BOOK_PORT: portOf(bookAddress),
});

const atTarget = (command: string, { authorAddress, bookAddress }: Target): string =>
  command.replaceAll('127.0.0.1:50051', authorAddress).replaceAll('127.0.0.1:50052', bookAddress);
