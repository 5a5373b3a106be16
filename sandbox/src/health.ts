import { readFileSync } from 'node:fs';
import { HealthClient as GeneratedClient, HealthCheckResponse_ServingStatus as ServingStatus } from '@bookstore/proto';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { type PromiseClient, promiseClient } from './promise-client.js';
import { until } from './until.js';

/** A client of a server's grpc.health.v1.Health, on connections of its own. */
export class HealthClient {
  readonly #client: PromiseClient<GeneratedClient>;

  /**
   * @param at host:port, or a port of this machine
   * @param caFile the certificate authority to trust, where the port has TLS
   */
  constructor(at: string | number, caFile?: string) {
    const options = {
      'grpc.use_local_subchannel_pool': 1,
      // A server that has just begun to listen is found at once.
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 50,
    };
    const channel = caFile ? credentials.createSsl(readFileSync(caFile)) : undefined;
    this.#client = promiseClient(GeneratedClient, at, options, channel);
  }

  /** The status of a service by its name, such as SERVING; the code's name, such as UNAVAILABLE, when the call fails. */
  async check(service = '', deadlineMs = 3_000): Promise<string> {
    return this.#client.check({ service }, { deadlineMs }).then(
      (answer) => ServingStatus[answer.status],
      (error: ServiceError) => status[error.code],
    );
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
  using client = new HealthClient(at);
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
