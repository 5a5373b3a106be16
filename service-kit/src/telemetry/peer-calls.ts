import { InterceptingCall, type Interceptor, type Metadata, status } from '@grpc/grpc-js';
import { context, propagation, SpanKind, SpanStatusCode, type TextMapSetter, trace } from '@opentelemetry/api';
import { rpcAttributes, SCOPE, secondsHistogram } from './conventions.js';

const toMetadata: TextMapSetter<Metadata> = { set: (metadata, name, value) => metadata.set(name, value) };

const tracer = trace.getTracer(SCOPE);
const duration = secondsHistogram(
  'rpc.client.call.duration',
  'Time that a call of the other service took, retries included',
);

/** A span for a call of the other service, whose trace travels in the metadata. A retry is part of its call. */
export const tracePeerCall: Interceptor = (options, nextCall) => {
  const { path } = options.method_definition;
  const span = tracer.startSpan(path.slice(1), { kind: SpanKind.CLIENT, attributes: rpcAttributes(path) });
  const startedAt = performance.now();
  const next = nextCall(options);
  return new InterceptingCall(next, {
    start: (metadata, _listener, start) => {
      propagation.inject(trace.setSpan(context.active(), span), metadata, toMetadata);
      start(metadata, {
        onReceiveStatus: (answer, pass) => {
          const attributes = rpcAttributes(path, answer.code);
          duration().record((performance.now() - startedAt) / 1000, attributes);
          span.setAttributes({ ...attributes, ...serverOf(next.getPeer()) });
          if (answer.code !== status.OK) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
          pass(answer);
        },
      });
    },
  });
};

/** Such as 10.0.0.7:50061, or a target that was never reached. */
function serverOf(peer: string) {
  const [, address, port] = /([^/]+):(\d+)$/.exec(peer) ?? [];
  return address && port ? { 'server.address': address, 'server.port': Number(port) } : {};
}
