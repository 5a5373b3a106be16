import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RunningProcess {
  /** When it began, in the platform's own words, only to be compared; undefined where the platform does not tell. */
  readonly started: string | undefined;
}

/** The process with this id; undefined when there is none, or only what is left of one that has ended. */
export function findProcess(pid: number): RunningProcess | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const { state, started } = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return state?.startsWith('Z') || state?.startsWith('X') ? undefined : { started };
}

interface Facts {
  state?: string | undefined;
  started?: string | undefined;
}

function fromProc(pid: number): Facts {
  try {
    // The command, in parentheses, may hold blanks and parentheses itself. After it: state, and 19 further on the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    // Counted in ticks since the boot, which therefore belongs to it.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { state: fields[0], started: fields[19] && `${boot} ${fields[19]}` };
  } catch {
    return {};
  }
}

function fromPs(pid: number): Facts {
  const [state, ...started] = ps('stat=,lstart=', pid).split(/\s+/);
  return { state, started: started.join(' ') || undefined };
}

/** The whole command line of a process; undefined where it cannot be had. */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'win32') {
    const query = `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`;
    return output('powershell', ['-NoProfile', '-Command', query]) || undefined;
  }
  if (process.platform !== 'linux') return ps('command=', pid) || undefined;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') || undefined;
  } catch {
    return undefined;
  }
}

function ps(columns: string, pid: number): string {
  return process.platform === 'win32' ? '' : output('ps', ['-ww', '-o', columns, '-p', String(pid)]);
}

function output(command: string, args: string[]): string {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return execFileSync(command, args, {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    }).trim();
  } catch {
    return '';
  }
}
