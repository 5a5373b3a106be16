import { spawn } from 'node:child_process';
import path from 'node:path';

/**
 * Runs one of the repository's scripts; what it prints is shown.
 *
 * @returns whether it ended with status 0
 */
export function runScript(
  root: string,
  script: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, 'scripts', script), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      signal,
    });
    child.on('error', () => resolve(false)).on('exit', (status) => resolve(status === 0));
  });
}
