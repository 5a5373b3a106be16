import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientOptions,
  credentials,
  experimental,
} from '@grpc/grpc-js';
import { internalCertificates } from '../auth/certificate-files.js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { measureClientCall } from '../telemetry/calls.js';
import { channelOptions, type IdempotentMethod, targetOf } from './channel-options.js';

/** Another service that this one calls. */
export interface PeerOptions {
  /** The DNS name that its certificate must have. */
  readonly name: string;
  /** host:port, or a gRPC target, of its internal port. */
  readonly address: string;
  readonly idempotent: readonly IdempotentMethod[];
}

export interface PeerClient<T extends Client> {
  readonly client: T;
  /** Closes the channel, and ends the watch of the certificate files. */
  close(): void;
}

type ClientType<T extends Client> = new (
  target: string,
  credentials: ChannelCredentials,
  options: Partial<ChannelOptions & ClientOptions>,
) => T;

/** A client of a peer's internal port on one channel, with mutual TLS where certificates are set. */
export function peerClient<T extends Client>(
  Type: ClientType<T>,
  { name, address, idempotent }: PeerOptions,
  settings: KitSettings,
  logger: Logger,
): PeerClient<T> {
  const certificates = internalCertificates(settings, logger);
  const channelCredentials = certificates
    ? experimental.createCertificateProviderChannelCredentials(certificates, certificates)
    : credentials.createInsecure();
  const client = new Type(targetOf(address), channelCredentials, {
    ...channelOptions(idempotent),
    interceptors: [measureClientCall],
    ...(certificates && { 'grpc.ssl_target_name_override': name }),
  });
  const close = () => {
    client.close();
    certificates?.close();
  };
  return { client, close };
}
