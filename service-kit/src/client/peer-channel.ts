import { type ChannelCredentials, type ClientOptions, credentials, experimental } from '@grpc/grpc-js';
import { internalCertificates } from '../auth/transport-security.js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { telemetry } from '../telemetry/telemetry.js';
import { channelOptions, type IdempotentMethod } from './channel-options.js';

/** What a client of the other service's internal port is made with. */
export interface PeerChannel {
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
  /** After the client has been closed. */
  close(): void;
}

/**
 * The channel to the other service: with mutual TLS where certificates are set, and then to nobody but the holder of
 * the peer's name, whatever the address says.
 */
export function peerChannel(
  settings: KitSettings,
  logger: Logger,
  idempotent: readonly IdempotentMethod[],
): PeerChannel {
  const options = { ...channelOptions(idempotent, settings), interceptors: [...(telemetry()?.interceptors ?? [])] };
  const certificates = internalCertificates(settings, logger);
  if (!certificates) return { credentials: credentials.createInsecure(), options, close: () => {} };
  return {
    credentials: experimental.createCertificateProviderChannelCredentials(certificates, certificates),
    options: { ...options, 'grpc.ssl_target_name_override': settings.INTERNAL_PEER_NAME },
    close: certificates.close,
  };
}
