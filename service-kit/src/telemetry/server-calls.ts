import type { Metadata } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import {
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import type { ExplainedError } from '../errors/call-error.js';
import type { Arrival } from '../server/admission.js';
import { rpcAttributes, SCOPE, secondsHistogram } from './conventions.js';
import { observe } from './process-figures.js';
import { recordedSpanOf } from './trace-context.js';
import { type TraceRate, UnkeptTrace } from './unkept-calls.js';

/** Statuses that are the server's fault; the others are answers. */
const FAULTS = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

const duration = secondsHistogram('rpc.server.call.duration', 'Time from the arrival of a call to its end');

const fromMetadata: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, name) => metadata.get(name).map(String),
};

/**
 * A span for each call of the service's own methods, refused ones included, and the metrics of them. What a stranger may
 * write, such as the name of a method that there is none of, is in neither.
 */
export class ServerCalls {
  readonly #tracer = trace.getTracer(SCOPE);
  readonly #rejected = metrics.getMeter(SCOPE).createCounter('bookstore.calls.rejected', {
    unit: '{call}',
    description: 'Calls that were refused before they reached their handler, by reason',
  });
  readonly #methods: ReadonlySet<string>;
  #inFlight = 0;

  /** @param rate which traces are kept that begin here; the SDK's sampler decides when absent */
  constructor(
    methods: readonly string[],
    private readonly rate: TraceRate | undefined,
  ) {
    this.#methods = new Set(methods);
    observe({
      name: 'bookstore.calls.in_flight',
      unit: '{call}',
      description: 'Calls that have arrived and have not ended',
      read: (tell) => void tell(this.#inFlight),
    });
  }

  begin(arrival: Arrival): void {
    const { method, metadata } = arrival;
    if (!this.#methods.has(method)) return;
    this.#inFlight++;
    if (this.rate && metadata.get('traceparent').length === 0 && !this.rate.keepsOneMore()) {
      arrival.trace = new UnkeptTrace();
      return;
    }
    const parent = propagation.extract(ROOT_CONTEXT, metadata, fromMetadata);
    const options = { kind: SpanKind.SERVER, attributes: rpcAttributes(method) };
    const span = this.#tracer.startSpan(method.slice(1), options, parent);
    arrival.trace = trace.setSpan(parent, span);
  }

  end({ method, trace: own }: Arrival, code: status, milliseconds: number, refusal?: ExplainedError): void {
    if (refusal) this.#rejected.add(1, { reason: refusal.reason });
    if (!own) return;
    this.#inFlight--;
    const attributes = rpcAttributes(method, code);
    duration().record(milliseconds / 1000, attributes);
    const span = recordedSpanOf(own);
    if (!span) return;
    span.setAttributes(attributes);
    if (refusal) span.setAttribute('bookstore.reason', refusal.reason);
    if (FAULTS.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}
