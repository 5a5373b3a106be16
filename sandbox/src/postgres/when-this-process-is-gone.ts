import { spawn } from 'node:child_process';

/**
 * Runs a shell script when this process ends, also by SIGKILL: the shell waits for the end of a pipe that only this
 * process holds. Does nothing on Windows.
 *
 * @param name of the shell in a list of processes
 * @param argument the script's "$1"
 * @returns ends the shell without running the script
 */
export function whenThisProcessIsGone(name: string, script: string, argument: string): () => void {
  if (process.platform === 'win32') return () => {};
  const shell = spawn('/bin/sh', ['-c', `read -r line || { ${script}; }`, name, argument], {
    // Ctrl-C reaches the process group of this process, so the shell has its own.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  for (const part of [shell, shell.stdin]) part.on('error', () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => shell.stdin.end('released\n');
}
