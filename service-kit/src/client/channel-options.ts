import type { ChannelOptions } from '@grpc/grpc-js';

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
export function channelOptions(idempotent: readonly IdempotentMethod[]): ChannelOptions {
  return {
    // grpc-js asks DNS again at most every 30 s and backs off to 120 s: a recreated container would cost that long.
    'grpc.dns_min_time_between_resolutions_ms': 1000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.min_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2000,
    // A peer that is frozen or gone without a word is noticed after 15 s at most.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.keepalive_permit_without_calls': 1,
    // Else each look-up of the address asks for a TXT record, too.
    'grpc.service_config_disable_resolution': 1,
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [
        {
          name: idempotent,
          retryPolicy: {
            maxAttempts: 4,
            initialBackoff: '0.05s',
            maxBackoff: '0.5s',
            backoffMultiplier: 2,
            retryableStatusCodes: ['UNAVAILABLE'],
          },
        },
      ],
      retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
    }),
  };
}

/** A gRPC target: as given, or `host:port` by DNS, which is asked again when a connection ends. */
export const targetOf = (address: string): string =>
  /^(dns|ipv4|ipv6|unix):/.test(address) ? address : `dns:///${address}`;
