import type { ChannelCredentials, ChannelOptions, Client } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { type IdempotentMethod, targetOf } from './channel-options.js';
import { peerChannel } from './peer-channel.js';

/** A client of the other service's internal port. */
export interface PeerClient<T extends Client> {
  readonly client: T;
  /** Closes the channel, and ends the watch for new certificates. */
  close(): void;
}

type ClientType<T extends Client> = new (
  target: string,
  credentials: ChannelCredentials,
  options: Partial<ChannelOptions>,
) => T;

/** The one client of its process for the other service, on one channel. */
export function peerClient<T extends Client>(
  Type: ClientType<T>,
  address: string,
  settings: KitSettings,
  logger: Logger,
  idempotent: readonly IdempotentMethod[],
): PeerClient<T> {
  const channel = peerChannel(settings, logger, idempotent);
  const client = new Type(targetOf(address), channel.credentials, channel.options);
  return {
    client,
    close: () => {
      client.close();
      channel.close();
    },
  };
}
