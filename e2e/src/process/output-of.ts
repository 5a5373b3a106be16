import { spawn } from 'node:child_process';
import { root } from '../root.js';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program, or a line as one types it in a shell, in the repository's root unless told otherwise, and waits for
 * its end.
 */
export function outputOf(
  command: string | readonly [program: string, ...args: string[]],
  { env = {}, cwd = root }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<CommandResult> {
  const [program, ...args] = typeof command === 'string' ? ['sh', '-c', command] : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program as string, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said.stderr += text;
    });
    child.on('error', reject).on('close', (status) => resolve({ status, ...said }));
  });
}
