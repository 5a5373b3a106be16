import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isRunning } from '../../../scripts/is-running.mjs';
import { SandboxError } from '../sandbox-error.js';
import { until } from '../until.js';

/** Shows in a server's command line which process has started it. */
export const CLUSTER_NAME = `bookstore-of-process-${process.pid}`;
const STOP_LIMIT_MS = 20_000;

/** @throws SandboxError that names the process whose PostgreSQL runs on this data */
export function requireUnused(dataDir: string): void {
  const owner = runningServer(dataDir)?.owner;
  const advice = 'stop it first, or choose another folder (SANDBOX_DIR)';
  if (owner && isRunning(owner)) throw new SandboxError(`${dataDir} is in use by process ${owner}: ${advice}`);
}

/**
 * Ends the server of a process that was killed. It is being ended by its watchdog already, unless that was killed too.
 *
 * @throws SandboxError when it does not end
 */
export async function endAbandonedServer(dataDir: string): Promise<void> {
  // Another start may have been first since the last check.
  requireUnused(dataDir);
  const server = runningServer(dataDir);
  if (server) {
    const { pid } = server;
    if (isRunning(pid)) process.kill(pid, 'SIGINT');
    const hasEnded = () => runningServer(dataDir)?.pid !== pid;
    return void (await until(`the end of PostgreSQL of an earlier start, process ${pid}`, STOP_LIMIT_MS, hasEnded));
  }
  // After a crash, or in a restarted container, another process may have the id. PostgreSQL would take it for a server.
  const command = commandLine(pidOf(dataDir));
  if (command !== undefined && !command.includes('postgres')) rmSync(pidFile(dataDir));
}

/** Whether the server with this id accepts connections, by its own record of its state. */
export function isReady(dataDir: string, pid: number): boolean {
  const [first, , , , , , , state] = readPidFile(dataDir);
  return Number(first) === pid && state?.trim() === 'ready';
}

/** The server that runs on this data, and the process that started it. */
function runningServer(dataDir: string): { pid: number; owner: number } | undefined {
  const pid = pidOf(dataDir);
  const [, owner] = /bookstore-of-process-(\d+)/.exec(commandLine(pid) ?? '') ?? [];
  return owner ? { pid, owner: Number(owner) } : undefined;
}

const pidFile = (dataDir: string) => path.join(dataDir, 'postmaster.pid');
const pidOf = (dataDir: string) => Number(readPidFile(dataDir)[0]);

function readPidFile(dataDir: string): string[] {
  try {
    return readFileSync(pidFile(dataDir), 'utf8').split('\n');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** undefined where there is no such process. */
function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}
