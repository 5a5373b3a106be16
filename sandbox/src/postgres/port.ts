import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { SandboxError } from '../sandbox-error.js';

/**
 * The port to listen on: the wanted one if it is free, else (0 or none wanted) one the system picks.
 *
 * @throws {SandboxError} when the wanted port is taken
 */
export async function freePort(host: string, wanted = 0): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen({ host, port: wanted, exclusive: true }), 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    throw portTaken(host, wanted, error);
  } finally {
    if (server.listening) await new Promise((closed) => server.close(closed));
  }
}

export function portTaken(host: string, port: number, cause: unknown): SandboxError {
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  const why =
    code === undefined || code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${message})`;
  return new SandboxError(
    `port ${port} on ${host} ${why}, so PostgreSQL cannot listen there; stop that program or choose another port`,
    { cause },
  );
}
