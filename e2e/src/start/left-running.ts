import net from 'node:net';
import { outputOf } from '../process/output-of.js';
import type { Place } from './npm-start.js';

/** What of a bookstore in this place still runs, in words; empty once nothing does. */
export async function leftRunning({ dataDir, authorPort, bookPort }: Place): Promise<string[]> {
  const processes = await outputOf(['ps', '-A', '-o', 'pid=,args=']);
  const left = processes.stdout.split('\n').filter((line) => line.includes(dataDir));
  for (const port of [authorPort, bookPort]) if (await isTaken(Number(port))) left.push(`port ${port}`);
  return left;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
