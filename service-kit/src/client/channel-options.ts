import type { ChannelOptions } from '@grpc/grpc-js';
import { type PeerSettings, peerSettings } from '../settings/kit-settings.js';
import { readSettings } from '../settings/setting.js';

/** A method that may be sent again: it changes nothing, or the same thing once. */
export interface IdempotentMethod {
  /** Full service name. */
  readonly service: string;
  readonly method: string;
}

/**
 * How our clients keep a channel: quick to find a replaced peer again, spread over its replicas, with retries for
 * idempotent methods and a budget that ends them when the peer is down altogether.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export function channelOptions(
  idempotent: readonly IdempotentMethod[],
  settings: PeerSettings = readSettings(peerSettings, {}),
): ChannelOptions {
  return {
    // grpc-js asks DNS again at most every 30 s and backs off to 120 s: a recreated container would cost that long.
    'grpc.dns_min_time_between_resolutions_ms': settings.PEER_RESOLVE_INTERVAL_MS,
    'grpc.initial_reconnect_backoff_ms': settings.PEER_FIRST_RECONNECT_MS,
    'grpc.min_reconnect_backoff_ms': settings.PEER_FIRST_RECONNECT_MS,
    'grpc.max_reconnect_backoff_ms': settings.PEER_LONGEST_RECONNECT_MS,
    // A peer that is frozen or gone without a word is noticed after both at most.
    'grpc.keepalive_time_ms': settings.PEER_KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': settings.PEER_KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
    // Else each look-up of the address asks for a TXT record, too.
    'grpc.service_config_disable_resolution': 1,
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: settings.PEER_MAX_ATTEMPTS > 1 ? [{ name: idempotent, retryPolicy: retryPolicy(settings) }] : [],
      retryThrottling: {
        maxTokens: settings.PEER_RETRY_BUDGET,
        tokenRatio: settings.PEER_RETRY_BUDGET_PERCENT / 100,
      },
    }),
  };
}

/** A policy of one attempt is no policy in grpc-js, but an error. */
const retryPolicy = (settings: PeerSettings) => ({
  maxAttempts: settings.PEER_MAX_ATTEMPTS,
  initialBackoff: seconds(settings.PEER_FIRST_BACKOFF_MS),
  maxBackoff: seconds(settings.PEER_LONGEST_BACKOFF_MS),
  backoffMultiplier: 2,
  retryableStatusCodes: ['UNAVAILABLE'],
});

/** As protobuf's JSON has a duration. */
const seconds = (ms: number): string => `${ms / 1000}s`;

/** A gRPC target: as given, or `host:port` by DNS, which is asked again when a connection ends. */
export const targetOf = (address: string): string =>
  /^(dns|ipv4|ipv6|unix):/.test(address) ? address : `dns:///${address}`;
