import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, platform } from 'node:os';

/** Ticks of /proc/PID/stat in a second, on every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used so far, ms; NaN where the system does not tell. */
export function cpuTimeMs(pid: number): number {
  if (platform() !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** The cores of the server that is measured, and of all else: load, database, and the other service. */
export const cores = cpus().length > 1 ? { server: '0', others: `1-${cpus().length - 1}` } : undefined;

/** Keeps a process, its threads and its later children on these cores, where the system can. */
export function pin(pid: number, coreList: string): void {
  if (platform() === 'linux') spawnSync('taskset', ['-acp', coreList, String(pid)]);
}
