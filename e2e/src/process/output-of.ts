import { type ProgramResult, runProgram } from '@bookstore/sandbox';
import { root } from '../root.js';

/**
 * Runs a program, or a line of a shell, to its end: in the repository's root unless `cwd` says otherwise, and with `env`
 * on top of this process's variables.
 */
export function outputOf(
  command: string | readonly [program: string, ...args: string[]],
  { env = {}, cwd = root }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<ProgramResult> {
  const [program, ...args] = typeof command === 'string' ? ['sh', '-c', command] : command;
  return runProgram(program as string, args, { cwd, env: { ...process.env, ...env } });
}
