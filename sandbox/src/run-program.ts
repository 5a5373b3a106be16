import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ProgramResult {
  /** undefined where the program is not on PATH. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Ends the program; the call then rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program without a shell. A failure is a result, not an error: the caller knows what to tell the user. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input, ...options }: ProgramOptions = {},
): Promise<ProgramResult> {
  const running = promisify(execFile)(program, args, { maxBuffer: 2 ** 30, ...options });
  // A program that ends early closes its input; how it ended says why.
  running.child.stdin?.on('error', () => {}).end(input);
  try {
    return { status: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as NodeJS.ErrnoException & { stdout: string; stderr: string };
    if (code === 'ENOENT') return { status: undefined, stdout, stderr };
    if (typeof code === 'string') throw error;
    return { status: code ?? 1, stdout, stderr };
  }
}
