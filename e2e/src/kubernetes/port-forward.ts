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
  const programs: RunningProgram[] = [];
  const forward = async (service: string, port: number) => {
    const local = await freePort();
    const target = ['port-forward', '--address', '127.0.0.1', `service/${service}`, `${local}:${port}`];
    const program = new RunningProgram(['kubectl', '-n', name, ...target]);
    programs.push(program);
    await program.prints('Forwarding from');
    return `127.0.0.1:${local}`;
  };
  const stop = () => programs.forEach((program) => void program.kill('SIGTERM'));
  try {
    const authorAddress = await forward('author-service', 50051);
    return { authorAddress, bookAddress: await forward('book-service', 50052), stop };
  } catch (error) {
    stop();
    throw error;
  }
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
