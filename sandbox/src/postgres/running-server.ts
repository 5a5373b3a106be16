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
export function requireUnused(dataDir: string, found = processOn(dataDir)): void {
  const owner = found?.owner;
  const advice = 'stop it first, or choose another folder (SANDBOX_DIR)';
  if (owner && isRunning(owner)) throw new SandboxError(`${dataDir} is in use by process ${owner}: ${advice}`);
}

/**
 * Ends the server of a process that was killed. It is being ended by its watchdog already, unless that was killed too.
 *
 * @throws SandboxError when it does not end, or its process runs
 */
export async function endAbandonedServer(dataDir: string): Promise<void> {
  const found = processOn(dataDir);
  requireUnused(dataDir, found);
  if (found?.owner) {
    if (isRunning(found.pid)) process.kill(found.pid, 'SIGINT');
    const hasEnded = () => processOn(dataDir)?.owner !== found.owner;
    await until(`the end of PostgreSQL of an earlier start, process ${found.pid}`, STOP_LIMIT_MS, hasEnded);
    // PostgreSQL would take another process for a server that still runs.
  } else if (found?.isPostgres === false) rmSync(path.join(dataDir, 'postmaster.pid'));
}

/** Whether the server with this id accepts connections, by its own record of its state. */
export function isReady(dataDir: string, pid: number | undefined): boolean {
  const [first, , , , , , , state] = recordIn(dataDir);
  return Number(first) === pid && state?.trim() === 'ready';
}

function recordIn(dataDir: string): readonly string[] {
  try {
    return readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * The process that a data folder names: its server, with the process that started it, or after a crash, or in a restarted
 * container, another one that has got the id. Undefined where there is none.
 */
function processOn(dataDir: string) {
  try {
    const pid = Number(recordIn(dataDir)[0]);
    const ps = ['-ww', '-o', 'command=', '-p', String(pid)];
    const command = process.platform === 'linux' ? readFileSync(`/proc/${pid}/cmdline`) : execFileSync('ps', ps);
    const [, owner] = /bookstore-of-process-(\d+)/.exec(String(command)) ?? [];
    return { pid, owner: owner && Number(owner), isPostgres: command.includes('postgres') };
  } catch {
    return undefined;
  }
}
