import { freePort } from '@bookstore/sandbox';
import { type Bookstore, connect } from '../client/connect.js';
import { RunningProgram } from '../process/running-program.js';
import type { Namespace } from './namespace.js';

/** Ports of this machine that lead to one pod of each service. A port-forward ends with its pod. */
export interface PortForwards {
  /** host:port */
  readonly authorAddress: string;
  readonly bookAddress: string;
  stop(): void;
}

/** As k8s/README.md says: `kubectl port-forward --address 127.0.0.1`. */
export async function forwardPorts({ name }: Namespace): Promise<PortForwards> {
  const forward = async (service: string, port: number) => {
    const local = await freePort();
    const target = ['port-forward', '--address', '127.0.0.1', `service/${service}`, `${local}:${port}`];
    const program = new RunningProgram(['kubectl', '-n', name, ...target]);
    await program.prints('Forwarding from');
    return { address: `127.0.0.1:${local}`, stop: () => program.kill('SIGTERM') };
  };
  const author = await forward('author-service', 50051);
  const book = await forward('book-service', 50052);
  const stop = () => [author, book].forEach((each) => void each.stop());
  return { authorAddress: author.address, bookAddress: book.address, stop };
}

/** Calls the services through port-forwards of their own. */
export async function throughPorts<T>(namespace: Namespace, use: (client: Bookstore) => Promise<T>): Promise<T> {
  const ports = await forwardPorts(namespace);
  const client = connect(ports);
  try {
    return await use(client);
  } finally {
    client.close();
    ports.stop();
  }
}
