import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port that stays while the process behind it changes: new connections lead to the newest one. */
export class Forwarder {
  readonly #connections = new Set<Socket>();
  #target: number | undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.#forward(client));
  }

  /** @throws Error of `listen`, such as for a port that is taken */
  static async open(port: number, host: string): Promise<Forwarder> {
    const forwarder = new Forwarder(createServer({ allowHalfOpen: true, noDelay: true }));
    forwarder.server.listen(port, host);
    await once(forwarder.server, 'listening');
    return forwarder;
  }

  /** A port of this machine's loopback. Connections there are stay where they lead. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Ends the connections there are. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  #forward(client: Socket): void {
    if (this.#target === undefined) {
      client.destroy();
      return;
    }
    const service = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#connections.add(client);
    // One end that is gone takes the other with it.
    for (const [end, other] of [
      [client, service],
      [service, client],
    ] as const) {
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
    client.on('close', () => this.#connections.delete(client));
    client.pipe(service).pipe(client);
  }
}
