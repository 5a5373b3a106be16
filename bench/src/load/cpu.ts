import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform } from 'node:os';

/** Ticks of /proc/PID/stat in a second, on every Linux. */
const TICKS_PER_SECOND = 100;

const isLinux = platform() === 'linux';

/** The cores of the server that is measured, and of all else: load, database, and the other service. */
export const cores = cpus().length > 1 ? { server: '0', others: `1-${cpus().length - 1}` } : undefined;

/** CPU time that a process has used so far, ms; NaN where the system does not tell. */
export function cpuTimeMs(pid: number): number {
  return isLinux ? sum(statOf(pid).slice(0, 2)) : Number.NaN;
}

/** The same of a process and its children, ended ones too. */
export function cpuTimeOfFamilyMs(pid: number): number {
  if (!isLinux) return Number.NaN;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return sum(statOf(pid)) + children.reduce((total, child) => total + cpuOfChild(child), 0);
}

function cpuOfChild(pid: string): number {
  try {
    return sum(statOf(pid).slice(0, 2));
  } catch {
    return 0; // it has ended meanwhile, and counts among its parent's ended children
  }
}

/** User and system time of the process, then those of its ended children. */
function statOf(pid: number | string): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return cpuFields(stat);
}

/** From a line of /proc/PID/stat: the name in it may hold spaces. */
export const cpuFields = (stat: string): number[] =>
  stat
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);

const sum = (ticks: readonly number[]) => (ticks.reduce((total, value) => total + value, 0) * 1000) / TICKS_PER_SECOND;

/** Forgets how much memory the process had at most. */
export function forgetPeakMemory(pid: number): void {
  if (isLinux) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/**
 * The most memory that the process had resident, MiB, without pages of files, which it shares with others and which can be
 * read again; NaN where the system does not tell.
 */
export function peakMemoryMiB(pid: number): number {
  return isLinux ? peakMemoryOf(readFileSync(`/proc/${pid}/status`, 'utf8')) : Number.NaN;
}

export function peakMemoryOf(status: string): number {
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return mebibytes('VmHWM') - mebibytes('RssFile');
}

/** Keeps a process, its threads and its later children on these cores, where the system can. */
export function pin(pid: number, coreList: string): void {
  if (isLinux) spawnSync('taskset', ['-acp', coreList, String(pid)]);
}
