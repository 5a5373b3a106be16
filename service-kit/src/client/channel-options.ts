import type { ChannelOptions } from '@grpc/grpc-js';

/** A method that may be sent again: it changes nothing, or the same thing once. */
export interface IdempotentMethod {
  /** Full service name. */
  readonly service: string;
  readonly method: string;
}

/** gRFC A6: at most four attempts with exponential backoff. */
const RETRY_POLICY = {
  maxAttempts: 4,
  initialBackoff: '0.05s',
  maxBackoff: '0.5s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['UNAVAILABLE'],
};

/**
 * How our clients use a channel: they find a replaced peer quickly, spread over its replicas, and retry idempotent methods
 * within a retry budget.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export const channelOptions = (idempotent: readonly IdempotentMethod[]): ChannelOptions => ({
  // By default grpc-js resolves a name every 30 s and backs off to 120 s: a recreated container would cost that long.
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.min_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
  // A peer that is frozen, or gone without a word, is noticed after both.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  // A peer is not behind a proxy, which grpc-js would use where `http_proxy` is set. It would read everything that is sent
  // without TLS.
  'grpc.enable_http_proxy': 0,
  // Else each resolution of the name queries a TXT record, too.
  'grpc.service_config_disable_resolution': 1,
  'grpc.service_config': JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [{ name: idempotent, retryPolicy: RETRY_POLICY }],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
  }),
});

/** A gRPC target: as given, or `host:port` by DNS, which is resolved again when a connection ends. */
export const targetOf = (address: string): string =>
  /^(dns|ipv4|ipv6|unix):/.test(address) ? address : `dns:///${address}`;
