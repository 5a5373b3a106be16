import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import { metrics } from '@opentelemetry/api';

// instrumentation-grpc has no metrics. While telemetry is off, OpenTelemetry's API does nothing.
const meter = metrics.getMeter('bookstore');

const duration = (name: string, description: string) =>
  meter.createHistogram(name, {
    unit: 's',
    description,
    // Finer than the convention below 5 ms, where most calls end.
    advice: { explicitBucketBoundaries: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] },
  });
const serverDuration = duration('rpc.server.call.duration', 'Duration of calls to this service');
const clientDuration = duration('rpc.client.call.duration', 'Duration of calls to another service, retries included');

/** A call by the semantic conventions for metrics. */
const attributesOf = (method: string, code: status, reason?: string) => ({
  'rpc.system.name': 'grpc',
  'rpc.method': method.slice(1),
  'rpc.response.status_code': status[code],
  ...(reason && { 'bookstore.reason': reason }),
});

/** Records a call that has ended. `reason` is that of an interceptor that refused it. */
export function recordServerCall(method: string, code: status, milliseconds: number, reason?: string): void {
  serverDuration.record(milliseconds / 1000, attributesOf(method, code, reason));
}

/** Records the calls to another service. */
export const measureClientCall: Interceptor = (options, nextCall) => {
  const startedAt = performance.now();
  return new InterceptingCall(nextCall(options), {
    start: (metadata, _listener, next) =>
      next(metadata, {
        onReceiveStatus: (answer, pass) => {
          const { path } = options.method_definition;
          clientDuration.record((performance.now() - startedAt) / 1000, attributesOf(path, answer.code));
          pass(answer);
        },
      }),
  });
};
