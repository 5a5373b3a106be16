import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { SandboxError } from './sandbox-error.js';

/** Time between two looks for the process that started this one, ms. */
const PARENT_INTERVAL_MS = 250;

/**
 * Runs a command of package.json and ends the process: with status 0, or with 1 and one line about what the user can do.
 *
 * @param script as package.json calls it, such as seed
 * @param body gets a signal that is aborted by Ctrl-C, SIGTERM and SIGHUP, and when npm is gone
 */
export async function runCommand(script: string, body: (stop: AbortSignal) => Promise<void>): Promise<never> {
  try {
    await body(stopSignal(script));
    process.exit(0);
  } catch (error) {
    const name = script === 'start' ? 'npm start' : `npm run ${script}`;
    console.error(`${name}: ${forPeople(error as NodeJS.ErrnoException)}`);
    process.exit(1);
  }
}

function forPeople(error: NodeJS.ErrnoException): string {
  // Of parseArgs, with advice in further sentences and lines.
  if (error.code?.startsWith('ERR_PARSE_ARGS')) return error.message.split(/\. |\.?\n/)[0] as string;
  return error instanceof SandboxError ? error.message : (error.stack ?? error.message);
}

/** Resolves when the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function stopSignal(script: string): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // npm passes a signal on to the shell between it and this process, and most shells end without passing it on again.
  if (process.env.npm_lifecycle_event === script) {
    const before = parents();
    setInterval(() => parents() !== before && stop.abort(), PARENT_INTERVAL_MS).unref();
  }
  // A terminal that is gone, or a pipe that nobody reads, is no reason to leave things running.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => stop.abort());
  return stop.signal;
}

/** The process that started this one; where that is a shell, also the process that started the shell, which is npm. */
function parents(): string {
  try {
    const status = readFileSync(`/proc/${process.ppid}/status`, 'utf8');
    const [, name, parent] = /^Name:\t(.*)$[\s\S]*^PPid:\t(\d+)$/m.exec(status) ?? [];
    return name === 'sh' ? `${process.ppid} ${parent}` : String(process.ppid);
  } catch {
    // Not on Linux: the shell of other systems does not stay between npm and this process.
    return String(process.ppid);
  }
}
