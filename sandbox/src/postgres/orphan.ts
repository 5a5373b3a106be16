import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { SandboxError } from '../sandbox-error.js';
import type { PostgresBinaries } from './binaries.js';
import { isPostmasterOf, stopPostmaster } from './postmaster.js';
import { findProcess } from './processes.js';

/**
 * Stops the server that a killed owner has left running on this data directory. Only for the directory's owner: any
 * server found there is then nobody's.
 *
 * @throws {SandboxError} when it does not stop
 */
export async function stopOrphan(dataDir: string, binaries: PostgresBinaries): Promise<void> {
  const pidFile = path.join(dataDir, 'postmaster.pid');
  const pid = readPid(pidFile);
  // One that has died without clearing up is PostgreSQL's own to deal with.
  if (pid === undefined || !findProcess(pid)) return;
  const isOurs = isPostmasterOf(dataDir, pid);
  // What cannot be told is PostgreSQL's to judge: it refuses to start rather than share its data.
  if (isOurs === undefined) return;
  if (!isOurs) {
    // Another process bears that id by now, and PostgreSQL would take it for a running server.
    rmSync(pidFile, { force: true });
    return;
  }
  if (!(await stopPostmaster(pid, binaries)))
    throw new SandboxError(
      `PostgreSQL still runs on ${dataDir} from an earlier start and does not stop: end process ${pid}`,
    );
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
