import { spawn } from 'node:child_process';
import { SandboxError } from '../sandbox-error.js';

export interface DockerOptions {
  /** A file descriptor that it reads; nothing when absent. */
  readonly stdin?: number;
  /** A file descriptor that it writes; what it would write there is not in the result. */
  readonly stdout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Enough of what a command says to find the line that matters. */
const KEPT_CHARS = 64 * 1024;

/** `docker compose …`, in this environment: COMPOSE_PROJECT_NAME, COMPOSE_FILE and the like are the user's to set. */
export function compose(args: readonly string[], options?: DockerOptions): Promise<string> {
  return docker(['compose', ...args], options);
}

/**
 * `docker …` without a shell.
 *
 * @returns what it wrote to stdout
 * @throws SandboxError with the line that says what is wrong
 */
export function docker(args: readonly string[], { stdin, stdout, signal }: DockerOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      stdio: [stdin ?? 'ignore', stdout ?? 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let [output, errors] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-KEPT_CHARS);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') reject(new SandboxError('stopped', { cause: error }));
      else reject(new SandboxError(`docker cannot be run (${error.code}): is it installed?`, { cause: error }));
    });
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new SandboxError(`docker ${nameOf(args)} failed: ${sayingLine(errors) ?? `status ${code}`}`));
    });
  });
}

const nameOf = (args: readonly string[]) => args.slice(0, args[0] === 'compose' ? 2 : 1).join(' ');

/** Among progress and warnings: the first line that tells of a failure, else the last one. */
function sayingLine(text: string): string | undefined {
  const lines = text.split('\n').flatMap((line) => line.trim() || []);
  return lines.find((line) => /error|fatal|cannot|denied|no such|not found|unknown/i.test(line)) ?? lines.at(-1);
}
