import { spawn } from 'node:child_process';

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
  /** Shows the output while it comes, instead of returning it. */
  readonly show?: boolean;
  /** Ends the program; the call then rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program without a shell. A failure is a result, not an error: the caller knows what to tell the user. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const output = options.show ? 'inherit' : 'pipe';
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', output, output],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that ends early closes its input; how it ended says why.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ status: undefined, stdout, stderr });
      else reject(error);
    });
    child.on('close', (status) => resolve({ status: status ?? 1, stdout, stderr }));
  });
}
