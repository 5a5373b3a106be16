import { type ProgramResult, runProgram } from '@bookstore/sandbox';
import { root } from '../../../scripts/services.mjs';

type Command = string | readonly [program: string, ...args: string[]];

interface Options {
  /** On top of this process's variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The repository's root unless it is given. */
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a program, or a line of a shell, to its end. */
export function outputOf(command: Command, { env = {}, cwd = root, ...options }: Options = {}): Promise<ProgramResult> {
  const [program, ...args] = typeof command === 'string' ? ['sh', '-c', command] : command;
  return runProgram(program as string, args, { cwd, env: { ...process.env, ...env }, ...options });
}

/**
 * What a command prints that must succeed.
 *
 * @throws Error with what it printed as errors
 */
export async function textOf(command: Command, options: Options = {}): Promise<string> {
  const { status, stdout, stderr } = await outputOf(command, options);
  if (status === 0) return stdout;
  throw new Error(`${[command].flat().join(' ')}: ${stderr || `status ${status}`}`);
}
