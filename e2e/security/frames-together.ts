import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

/** Silence after which a client is taken to wait for an answer. It is what an attacker's frames are late by. */
const SILENCE_MS = 20;

/** A listener before another one. */
export interface FramesTogether {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Listens before the server on `target`, and passes on at once what a client sends without waiting for an answer. The
 * frames of a client reach a server in as many pieces as chance will have it, and the answer to the first may leave
 * before the second is read; behind this the server has them all.
 */
export async function startFramesTogether(target: number): Promise<FramesTogether> {
  const sockets = new Set<Socket>();
  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
    const held: Buffer[] = [];
    let silence: NodeJS.Timeout | undefined;
    const passOn = () => upstream.write(Buffer.concat(held.splice(0)));
    client.on('data', (chunk) => {
      held.push(chunk);
      clearTimeout(silence);
      silence = setTimeout(passOn, SILENCE_MS);
    });
    client.on('end', () => {
      clearTimeout(silence);
      passOn();
      upstream.end();
    });
    upstream.pipe(client);
    for (const [end, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        clearTimeout(silence);
        sockets.delete(end);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
