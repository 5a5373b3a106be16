import { spawn } from 'node:child_process';
import { runIn, type ServerUser } from './server-user.js';

/**
 * Has PostgreSQL shut down when this process is gone, however it goes: a shell waits for the end of a pipe whose other
 * end only this process holds. Nothing else would end a server in a session of its own after a SIGKILL, and servers
 * on throw-away folders would stay for good. It is a help only: where there is no shell, or the shell is killed too,
 * the next start on that folder stops what it finds.
 *
 * @returns lets PostgreSQL go
 */
export function tieToThisProcess(pid: number, user: ServerUser): () => void {
  if (process.platform === 'win32') return () => {};
  const script = 'read -r line || { kill -INT "$1"; kill -CONT "$1"; }';
  const shell = spawn('/bin/sh', ['-c', script, 'postgres-leash', String(pid)], {
    ...runIn('/', user).options,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  for (const part of [shell, shell.stdin]) part.on('error', () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => shell.stdin.end('released\n');
}
