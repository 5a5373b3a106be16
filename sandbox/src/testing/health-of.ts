import { Client, credentials, type MethodDefinition, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { NO_PROXY } from '../bookstore/no-proxy.js';

interface HealthMessage {
  readonly service?: string;
  readonly status?: string;
}

const { Check: check } = service as unknown as { Check: MethodDefinition<HealthMessage, HealthMessage> };

/** What a port says of a service's health, such as SERVING; the code's name when the call fails. */
export function healthOf(port: number, name = ''): Promise<string> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), NO_PROXY);
  return new Promise<string>((resolve) => {
    client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      check.responseDeserialize,
      { service: name },
      { deadline: Date.now() + 5_000 },
      (error, response) => resolve(error ? (status[error.code] ?? 'no code') : (response?.status ?? 'no status')),
    );
  }).finally(() => client.close());
}
