import { type SpawnOptions, spawn } from 'node:child_process';
import { runIn, type ServerUser } from './server-user.js';

/**
 * Has PostgreSQL shut down when this process is gone. Nothing else would end a server in a session of its own after a
 * SIGKILL, and servers on throw-away folders would stay for good. It is a help only: where there is no shell, or the
 * shell is killed too, the next start on that folder stops what it finds.
 *
 * @returns lets PostgreSQL go
 */
export function tieToThisProcess(pid: number, user: ServerUser): () => void {
  if (process.platform === 'win32') return () => {};
  return whenThisProcessIsGone(
    'postgres-leash',
    'kill -INT "$1"; kill -CONT "$1"',
    String(pid),
    runIn('/', user).options,
  );
}

/**
 * Has a shell do something when this process is gone, however it goes: it waits for the end of a pipe whose other end
 * only this process holds.
 *
 * @param name of the shell, for who lists processes
 * @param argument the script's "$1"
 * @returns ends the shell with nothing done
 */
export function whenThisProcessIsGone(
  name: string,
  script: string,
  argument: string,
  options: SpawnOptions = {},
): () => void {
  const shell = spawn('/bin/sh', ['-c', `read -r line || { ${script}; }`, name, argument], {
    ...options,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  for (const part of [shell, shell.stdin]) part.on('error', () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => shell.stdin.end('released\n');
}
