import type { ChannelOptions } from '@grpc/grpc-js';

/** A method that may be sent again, since a repeated call changes nothing more. The service is its full name. */
export type IdempotentMethod = Readonly<Record<'service' | 'method', string>>;

/**
 * The options of a channel to a peer. It finds a replaced peer quickly, spreads calls over replicas, and retries
 * idempotent methods within a retry budget (gRFC A6).
 */
export const channelOptions = (idempotent: readonly IdempotentMethod[]): ChannelOptions => ({
  // The defaults are 30 s and 120 s, which a recreated container would cost.
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.min_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
  // Notices a frozen peer.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  // A proxy that `http_proxy` names could read what is sent without TLS.
  'grpc.enable_http_proxy': 0,
  // Without it each DNS look-up also queries a TXT record.
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
});
