import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { SandboxError } from '../sandbox-error.js';
import { NO_PROXY } from './no-proxy.js';

const { Check: check } = service as unknown as { Check: MethodDefinition<unknown, unknown> };

/**
 * Asks a service's health until it says SERVING.
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
  const client = new Client(
    address,
    caFile ? credentials.createSsl(readFileSync(caFile)) : credentials.createInsecure(),
    {
      ...NO_PROXY,
      'grpc.initial_reconnect_backoff_ms': 50,
      // A service that has just begun to listen is not to wait for the end of a longer pause.
      'grpc.max_reconnect_backoff_ms': 50,
      // TLS knows names, and the address is a number.
      ...(caFile && { 'grpc.ssl_target_name_override': 'localhost' }),
    },
  );
  const until = Date.now() + timeoutMs;
  try {
    for (;;) {
      signal?.throwIfAborted();
      if ((await healthOf(client)) === 'SERVING') return;
      if (Date.now() >= until) throw new SandboxError(`${address} does not serve after ${timeoutMs / 1000} s`);
      await sleep(25);
    }
  } finally {
    client.close();
  }
}

function healthOf(client: Client): Promise<string> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      check.responseDeserialize,
      { service: '' },
      { deadline: Date.now() + 1000 },
      (error: ServiceError | null, response: unknown) => {
        resolve(error ? error.details : (response as { status: string }).status);
      },
    );
  });
}
