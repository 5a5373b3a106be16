import type { ChannelCredentials } from '@grpc/grpc-js';
import { type ChannelOptions, type Client, type ClientOptions, credentials, experimental } from '@grpc/grpc-js';
import { internalCertificates } from '../auth/certificate-files.js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { measureClientCall } from '../telemetry/calls.js';
import { channelOptions, type IdempotentMethod, targetOf } from './channel-options.js';

/** Another service that this one calls. */
export interface PeerOptions {
  /** Its DNS name, which its certificate must have. */
  readonly name: string;
  /** host:port, or a gRPC target, of its internal port. */
  readonly address: string;
  readonly idempotent: readonly IdempotentMethod[];
}

/** A client of a peer's internal port. */
export interface PeerClient<T extends Client> {
  readonly client: T;
  /** Closes the channel, and ends the watch for new certificates. */
  close(): void;
}

type ClientType<T extends Client> = new (
  target: string,
  credentials: ChannelCredentials,
  options: Partial<ChannelOptions & ClientOptions>,
) => T;

/** The client of a peer, on one channel: by mutual TLS where certificates are set. Create one for each peer of a process. */
export function peerClient<T extends Client>(
  Type: ClientType<T>,
  { name, address, idempotent }: PeerOptions,
  settings: KitSettings,
  logger: Logger,
): PeerClient<T> {
  const certificates = internalCertificates(settings, logger);
  const client = new Type(
    targetOf(address),
    certificates
      ? experimental.createCertificateProviderChannelCredentials(certificates, certificates)
      : credentials.createInsecure(),
    {
      ...channelOptions(idempotent),
      interceptors: [measureClientCall],
      ...(certificates && { 'grpc.ssl_target_name_override': name }),
    },
  );
  return {
    client,
    close: () => {
      client.close();
      certificates?.close();
    },
  };
}
