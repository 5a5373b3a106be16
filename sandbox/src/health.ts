import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type MethodDefinition, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { NO_PROXY } from './bookstore/no-proxy.js';
import { SandboxError } from './sandbox-error.js';

interface HealthMessage {
  readonly service?: string;
  readonly status?: string;
}

const { Check: check } = service as unknown as { Check: MethodDefinition<HealthMessage, HealthMessage> };

/** A client of a server's grpc.health.v1.Health, on connections of its own. */
export class HealthClient {
  readonly #client: Client;

  /**
   * @param address host:port
   * @param caFile the certificate authority to trust, where the port has TLS
   */
  constructor(address: string, caFile?: string) {
    this.#client = new Client(
      address,
      caFile ? credentials.createSsl(readFileSync(caFile)) : credentials.createInsecure(),
      {
        ...NO_PROXY,
        'grpc.use_local_subchannel_pool': 1,
        // A server that has just begun to listen is found at once.
        'grpc.initial_reconnect_backoff_ms': 50,
        'grpc.max_reconnect_backoff_ms': 50,
        // The certificate has a name, and the address is a number.
        ...(caFile && { 'grpc.ssl_target_name_override': 'localhost' }),
      },
    );
  }

  /** The status of a service by its name, such as SERVING; the code's name, such as UNAVAILABLE, when the call fails. */
  check(name = '', timeoutMs = 3_000): Promise<string> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize,
        { service: name },
        { deadline: Date.now() + timeoutMs },
        (error, response) => resolve(error ? (status[error.code] ?? 'UNKNOWN') : (response?.status ?? 'UNKNOWN')),
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
 * @param caFile the certificate authority to trust, where the port has TLS
 * @throws SandboxError when it does not within the time; the signal's reason when that is aborted first
 */
export async function waitUntilServing(
  address: string,
  timeoutMs: number,
  signal?: AbortSignal,
  caFile?: string,
): Promise<void> {
  using client = new HealthClient(address, caFile);
  const until = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if ((await client.check('', 1_000)) === 'SERVING') return;
    if (Date.now() >= until) throw new SandboxError(`${address} does not serve after ${timeoutMs / 1000} s`);
    await sleep(25);
  }
}
