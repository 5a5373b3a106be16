import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { isRunning } from '../../../scripts/is-running.mjs';
import { services } from '../../../scripts/services.mjs';
import { outputOf } from '../process/output-of.js';
import type { Place } from './new-place.js';

/** What of a bookstore in this place still runs, in words; empty once nothing does. */
export async function leftRunning({ dataDir, env }: Place): Promise<string[]> {
  const processes = await outputOf(['ps', '-A', '-o', 'pid=,args=']);
  const left = processes.stdout.split('\n').filter((line) => line.includes(dataDir));
  // As root, PostgreSQL's arguments do not name the folder.
  const [server] = await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  if (server && isRunning(Number(server))) left.push(`PostgreSQL ${server}`);
  for (const { portVariable } of services) {
    if (await isTaken(Number(env[portVariable]))) left.push(`port ${env[portVariable]}`);
  }
  return left;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
