import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which way bytes go: from the client to the server, or back. */
export type Direction = 'request' | 'answer';

/**
 * Decides what becomes of a chunk. Bytes that it returns are passed on, after as long as it takes, in the order of their
 * arrival; undefined drops the chunk. `reset` ends the connection.
 */
export type ChunkFault = (
  chunk: Buffer,
  direction: Direction,
  reset: () => void,
) => Buffer | undefined | Promise<Buffer | undefined>;

/** A network connection between a client and a server on which faults can be injected. */
export interface TcpProxy {
  readonly port: number;
  /** Open connections on which the server has answered. */
  answeredConnections(): number;
  /** Cuts, delays, drops or corrupts chunks from now on. */
  injectFault(fault: ChunkFault): void;
  /** Ends every connection, and each new one at once. */
  cut(): void;
  /** Accepts connections and bytes, and passes nothing on. */
  freeze(): void;
  /** Ends all faults, and passes on what was held back. */
  heal(): void;
  stop(): Promise<void>;
}

type Connection = readonly [client: Socket, upstream: Socket];

/** Listens on a free port of this machine for a server on `host` and `port`. */
export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const connections = new Set<Connection>();
  let fault: ChunkFault | undefined;
  let isCut = false;
  let flow = Promise.resolve();
  let thaw = () => {};

  const server = createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = connect(port, host);
    const connection = [client, upstream] as const;
    connections.add(connection);
    for (const end of connection) {
      end.setNoDelay(true);
      end.on('error', () => destroy(connection));
      end.on('close', () => {
        if (client.destroyed && upstream.destroyed) connections.delete(connection);
      });
    }
    pass('request', client, upstream);
    pass('answer', upstream, client);
  });

  const pass = (direction: Direction, from: Socket, to: Socket) => {
    let previous = Promise.resolve();
    const inOrder = (step: () => void | Promise<void>) => {
      previous = previous.then(step);
    };
    from.on('data', (chunk: Buffer) => {
      // Called at once: the delay of one chunk is not added to the delay of the next.
      const changed = fault ? fault(chunk, direction, () => reset([from, to])) : chunk;
      inOrder(async () => {
        const passedOn = await changed;
        await flow;
        if (passedOn && to.writable) to.write(passedOn);
      });
    });
    // What was sent before the end still arrives.
    for (const event of ['end', 'close'])
      from.on(event, () => {
        inOrder(() => flow);
        inOrder(() => void to.end());
      });
  };

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const destroyAll = () => {
    for (const connection of connections) destroy(connection);
  };
  return {
    port: (server.address() as AddressInfo).port,
    answeredConnections: () => [...connections].filter(([, upstream]) => upstream.bytesRead > 0).length,
    injectFault: (added) => {
      fault = added;
    },
    cut: () => {
      isCut = true;
      destroyAll();
    },
    freeze: () => {
      flow = new Promise((resolve) => {
        thaw = resolve;
      });
    },
    heal: () => {
      isCut = false;
      fault = undefined;
      flow = Promise.resolve();
      thaw();
    },
    stop: async () => {
      const closed = once(server.close(), 'close');
      destroyAll();
      await closed;
    },
  };
}

function destroy(ends: Connection): void {
  for (const end of ends) end.destroy();
}

function reset(ends: Connection): void {
  // A socket that is still connecting cannot be reset.
  for (const end of ends) end.connecting ? end.destroy() : end.resetAndDestroy();
}

/** A proxy in front of a PostgreSQL, and the database's URL through the proxy. */
export async function startDatabaseProxy(databaseUrl: string): Promise<TcpProxy & { readonly url: string }> {
  const url = new URL(databaseUrl);
  const proxy = await startTcpProxy(url.hostname, Number(url.port || 5432));
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { ...proxy, url: url.href };
}
