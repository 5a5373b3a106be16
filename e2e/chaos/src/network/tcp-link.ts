import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which way bytes go: from the one who connected, or back. */
export type Direction = 'request' | 'answer';

/** What becomes of bytes on their way: passed on when it returns them, after as long as it likes; dropped otherwise. */
export type Interference = (
  bytes: Buffer,
  direction: Direction,
  cut: () => void,
) => Buffer | undefined | Promise<Buffer | undefined>;

/** A stretch of network between a client and a server on this machine, which can be made to fail. */
export class TcpLink {
  readonly #server: Server;
  readonly #connections = new Set<() => void>();
  #flow = Promise.resolve();
  #release = () => {};
  #refusing = false;
  #upstreamPort = 0;
  /** Told of all bytes as they arrive, before anything becomes of them. */
  onBytes: ((bytes: Buffer, direction: Direction, connection: object) => void) | undefined;
  interfere: Interference | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<TcpLink> {
    const server = createServer();
    const link = new TcpLink(server);
    server.on('connection', (client) => link.#join(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Where new connections lead. */
  leadTo(port: number): void {
    this.#upstreamPort = port;
  }

  /** Ends every connection at once, with a reset. */
  reset(): void {
    for (const cut of [...this.#connections]) cut();
  }

  /** Ends every connection, and each new one until it heals. */
  sever(): void {
    this.#refusing = true;
    this.reset();
  }

  /** Lets nothing through until it heals; connections stay open. */
  freeze(): void {
    this.#flow = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Passes everything on again, what was held back too. */
  heal(): void {
    this.#refusing = false;
    this.interfere = undefined;
    this.#flow = Promise.resolve();
    this.#release();
  }

  async close(): Promise<void> {
    this.heal();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #join(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#upstreamPort, '127.0.0.1');
    const cut = () => {
      this.#connections.delete(cut);
      // A socket that does not connect yet cannot be reset.
      for (const end of [client, upstream]) end.connecting ? end.destroy() : end.resetAndDestroy();
    };
    this.#connections.add(cut);
    this.#pass(client, upstream, 'request', cut);
    this.#pass(upstream, client, 'answer', cut);
  }

  /** Bytes keep their order: each chunk waits for the one before. */
  #pass(from: Socket, to: Socket, direction: Direction, cut: () => void): void {
    from.setNoDelay(true);
    let before = Promise.resolve();
    const then = (step: () => void | Promise<void>) => {
      before = before.then(step).catch(cut);
    };
    from.on('data', (chunk: Buffer) => {
      this.onBytes?.(chunk, direction, cut);
      // At once, so that a delay of one chunk is not added to that of the next.
      const interfered = this.interfere ? this.interfere(chunk, direction, cut) : chunk;
      then(async () => {
        const passed = await interfered;
        await this.#flow;
        if (passed && to.writable) to.write(passed);
      });
    });
    from.on('end', () => then(() => void to.end()));
    from.on('error', cut);
    from.on('close', () => {
      this.#connections.delete(cut);
      then(() => void to.end());
    });
  }
}
