import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { SandboxError } from '../sandbox-error.js';
import type { PostgresBinaries } from './binaries.js';
import { tieToThisProcess } from './leash.js';
import { poll } from './poll.js';
import { commandLine, findProcess } from './processes.js';
import { runIn, type ServerUser } from './server-user.js';

const FAST_LIMIT_MS = 10_000;
const IMMEDIATE_LIMIT_MS = 5_000;

export interface Launch {
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser;
  readonly dataDir: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Receives its log. */
  readonly stderr: number;
}

export interface Postmaster {
  readonly pid: number;
  /** Resolves when it has ended, asked to or not. */
  readonly exited: Promise<PostmasterExit>;
  /** @throws {SandboxError} when nothing ends it */
  readonly stop: () => Promise<void>;
}

export interface PostmasterExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Starts PostgreSQL on a data directory: in a session of its own, since a Ctrl-C at the terminal is for us to act on,
 * and yet not to outlive this process.
 */
export async function launchPostmaster(launch: Launch): Promise<Postmaster> {
  const { binaries, user, dataDir, stderr } = launch;
  const { folder, options } = runIn(dataDir, user);
  const settings = { ...launch.settings, cluster_name: clusterName(dataDir) };
  const child = spawn(
    binaries.postgres,
    ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...options, detached: true, windowsHide: true, stdio: ['ignore', 'ignore', stderr] },
  );
  const exit = new Promise<PostmasterExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await once(child, 'spawn');
  const pid = child.pid as number;
  const untie = tieToThisProcess(pid, user);
  const onExit = () => signalPostmaster(pid, 'SIGINT', binaries.pgCtl);
  process.once('exit', onExit);
  const exited = exit.finally(() => {
    process.off('exit', onExit);
    untie();
  });
  const stop = async () => {
    // Once it has ended, its id may be another process's.
    const runs = child.exitCode === null && child.signalCode === null;
    if (runs && !(await stopPostmaster(pid, binaries)))
      throw new SandboxError(`PostgreSQL does not end: process ${pid}, on ${dataDir}`);
    await exited;
  };
  return { pid, exited, stop };
}

/** Whether this process is the PostgreSQL of this data directory, not a later one of the same id; undefined: unknown. */
export function isPostmasterOf(dataDir: string, pid: number): boolean | undefined {
  return commandLine(pid)?.includes(`cluster_name=${clusterName(dataDir)}`);
}

/** Stands in the command line, and so tells servers apart whichever way their folder is named. */
function clusterName(dataDir: string): string {
  const { dev, ino } = statSync(dataDir, { bigint: true });
  return `bookstore-${createHash('sha256').update(`${dev} ${ino}`).digest('hex').slice(0, 12)}`;
}

/** Ends sessions and shuts down; when that takes too long, ends at once, which the next start recovers from. */
export async function stopPostmaster(pid: number, { pgCtl }: PostgresBinaries): Promise<boolean> {
  const ended = () => findProcess(pid) === undefined;
  signalPostmaster(pid, 'SIGINT', pgCtl);
  if (await poll(ended, FAST_LIMIT_MS)) return true;
  signalPostmaster(pid, 'SIGQUIT', pgCtl);
  if (await poll(ended, IMMEDIATE_LIMIT_MS)) return true;
  signalPostmaster(pid, 'SIGKILL', pgCtl);
  return await poll(ended, IMMEDIATE_LIMIT_MS);
}

/** SIGINT is a fast shutdown, SIGQUIT an immediate one. Also to a process that is suspended. */
export function signalPostmaster(pid: number, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL', pgCtl: string): void {
  try {
    if (process.platform === 'win32' && signal !== 'SIGKILL') {
      // Any signal of Node's would end it at once; PostgreSQL has signals of its own there.
      execFileSync(pgCtl, ['kill', signal.slice(3), String(pid)], { stdio: 'ignore', windowsHide: true });
      return;
    }
    process.kill(pid, signal);
    if (process.platform !== 'win32') process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}
