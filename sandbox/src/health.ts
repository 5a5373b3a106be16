import { readFileSync } from 'node:fs';
import { HealthCheckResponse_ServingStatus as ServingStatus, HealthClient as UnaryClient } from '@bookstore/proto';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { NO_PROXY } from './bookstore/no-proxy.js';
import { until } from './until.js';

/** A client of a server's grpc.health.v1.Health, on connections of its own. */
export class HealthClient {
  readonly #client: UnaryClient;

  /**
   * @param address host:port
   * @param caFile the certificate authority to trust, where the port has TLS
   */
  constructor(address: string, caFile?: string) {
    const channel = caFile ? credentials.createSsl(readFileSync(caFile)) : credentials.createInsecure();
    this.#client = new UnaryClient(address, channel, {
      ...NO_PROXY,
      'grpc.use_local_subchannel_pool': 1,
      // A server that has just begun to listen is found at once.
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 50,
      // The certificate has a name, and the address is a number.
      ...(caFile && { 'grpc.ssl_target_name_override': 'localhost' }),
    });
  }

  /** The status of a service by its name, such as SERVING; the code's name, such as UNAVAILABLE, when the call fails. */
  check(service = '', timeoutMs = 3_000): Promise<string> {
    return new Promise((resolve) => {
      this.#client.check({ service }, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, answer) =>
        resolve(error ? status[error.code] : ServingStatus[answer.status]),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/**
 * The status of a server's health by a service's name, by one call.
 *
 * @param at host:port, or a port of this machine
 */
export async function healthOf(at: string | number, name = ''): Promise<string> {
  using client = new HealthClient(typeof at === 'number' ? `127.0.0.1:${at}` : at);
  return await client.check(name);
}

/**
 * Calls a server's health until it says SERVING.
 *
 * @throws SandboxError when it does not within the time; the signal's reason when that is aborted first
 */
export async function waitUntilServing(address: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  using client = new HealthClient(address);
  await until(`${address} serves`, timeoutMs, async () => {
    signal?.throwIfAborted();
    return (await client.check('', 1_000)) === 'SERVING';
  });
}
