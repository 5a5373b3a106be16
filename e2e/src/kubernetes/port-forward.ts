import { spawn } from 'node:child_process';
import { freePort } from '@bookstore/sandbox';
import type { InstalledBookstore } from './install-bookstore.js';

/** A port of this machine that leads to one pod behind a Service. */
export interface PortForward {
  /** host:port */
  readonly address: string;
  stop(): void;
}

/** As the README says to: `kubectl port-forward --address 127.0.0.1`. It ends with its pod. */
export async function forwardPort(
  { context, namespace }: InstalledBookstore,
  service: string,
  port: number,
): Promise<PortForward> {
  const local = await freePort();
  const target = ['port-forward', '--address', '127.0.0.1', `service/${service}`, `${local}:${port}`];
  const child = spawn('kubectl', ['--context', context, '-n', namespace, ...target], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const hear = (text: Buffer) => {
      said += text;
      if (said.includes('Forwarding from')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('close', () => reject(new Error(`kubectl port-forward has ended: ${said}`)));
  });
  return { address: `127.0.0.1:${local}`, stop: () => child.kill() };
}
