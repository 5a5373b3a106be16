import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { isPort } from '../../../scripts/is-port.mjs';
import { SandboxError } from '../sandbox-error.js';

/**
 * Below the ports that systems choose themselves (from 32768 on Linux, 49152 elsewhere): between the choice of a port and
 * its use, no other program gets it from the system.
 */
const FIRST = 15_000;
const BLOCK = 50;
const BLOCKS = 340;
/** What is left of this process's block. */
let left: Promise<number[]> = Promise.resolve([]);

/** A free port of this machine that no process has got from here, while the one that got it runs. */
export async function freePort(): Promise<number> {
  for (;;) {
    left = left.then((ports) => (ports.length > 0 ? ports : takeBlock()));
    const port = (await left).shift();
    if (port !== undefined && (await canBeOpened(port))) return port;
  }
}

/** Takes a block of ports from other processes on this machine: it keeps the first one open, and gives out the others. */
async function takeBlock(): Promise<number[]> {
  const begin = randomInt(BLOCKS);
  for (let tries = 0; tries < BLOCKS; tries++) {
    const first = FIRST + ((begin + tries) % BLOCKS) * BLOCK;
    const mark = createServer((socket) => socket.destroy()).listen(first, '127.0.0.1');
    try {
      await once(mark, 'listening');
      mark.unref();
      return Array.from({ length: BLOCK - 1 }, (_, index) => first + 1 + index);
    } catch {
      // Another process has this block.
    }
  }
  throw new SandboxError(`no port from ${FIRST} to ${FIRST + BLOCKS * BLOCK} can be opened`);
}

const canBeOpened = (port: number) =>
  tryPort(port).then(
    () => true,
    () => false,
  );

/** @throws SandboxError that names the variable for another port, when it is taken */
export async function requireFreePort(port: number, variable: string): Promise<void> {
  try {
    await tryPort(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${code})`;
    const another = port < 64_000 ? port + 1000 : port - 1000;
    throw new SandboxError(`port ${port} ${problem}; set ${variable} to another one, such as ${another}`);
  }
}

/** The port of a variable such as AUTHOR_PORT, or its default. */
export function portFrom(variable: string, fallback: number, env = process.env): number {
  const value = env[variable] || String(fallback);
  if (isPort(value)) return Number(value);
  throw new SandboxError(`${variable} must be a port, 1 to 65535`);
}

async function tryPort(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  await once(server.close(), 'close');
}
