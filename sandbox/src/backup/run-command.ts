import { SandboxError } from '../sandbox-error.js';

/**
 * Runs a command that must not be cut off: Ctrl-C and SIGTERM ask it to put things back and end. It ends with status 0,
 * or with 1 and one line.
 */
export async function runCommand(name: string, command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  try {
    await command(stop.signal);
    process.exit(0);
  } catch (error) {
    const { message, stack } = error as Error;
    console.error(`npm run ${name}: ${error instanceof SandboxError ? message : (stack ?? message)}`);
    process.exit(1);
  }
}
