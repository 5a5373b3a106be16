import net, { type AddressInfo, type Socket } from 'node:net';

/** A stretch of network that can be cut, or go silent, between a service and what it needs. */
export interface TcpProxy {
  readonly port: number;
  /** All that clients have sent so far, as text. */
  sent(): string;
  /** Calls `listener` with each chunk that a client sends from now on, before it is passed on. */
  onSent(listener: (chunk: Buffer) => void): void;
  /** Ends every connection and each new one at once. */
  cut(): void;
  /** Takes connections and bytes, and passes nothing on. */
  freeze(): void;
  /** Passes on again: what was held back, too. */
  heal(): void;
  stop(): Promise<void>;
}

/** Listens on a free port of this machine for a server on `host` and `port`. */
export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const sent: Buffer[] = [];
  let listener = (_chunk: Buffer) => {};
  let state: 'whole' | 'cut' | 'frozen' = 'whole';

  const server = net.createServer((client) => {
    if (state === 'cut') return client.destroy();
    const upstream = net.connect(port, host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        for (const other of pair) other.destroy();
        pairs.delete(pair);
      });
    }
    client.on('data', (chunk: Buffer) => {
      sent.push(chunk);
      listener(chunk);
    });
    client.pipe(upstream).pipe(client);
    if (state === 'frozen') for (const end of pair) end.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    sent: () => Buffer.concat(sent).toString('latin1'),
    onSent: (added) => {
      listener = added;
    },
    cut: () => {
      state = 'cut';
      for (const end of [...pairs].flat()) end.destroy();
    },
    freeze: () => {
      state = 'frozen';
      for (const end of [...pairs].flat()) end.pause();
    },
    heal: () => {
      state = 'whole';
      for (const end of [...pairs].flat()) end.resume();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const end of [...pairs].flat()) end.destroy();
      }),
  };
}

/** A proxy in front of a PostgreSQL, and the database's URL by way of it. */
export async function startDatabaseProxy(databaseUrl: string): Promise<TcpProxy & { readonly url: string }> {
  const url = new URL(databaseUrl);
  const proxy = await startTcpProxy(url.hostname, Number(url.port || 5432));
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { ...proxy, url: url.href };
}
