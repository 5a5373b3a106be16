import { type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { logs } from '@opentelemetry/sdk-node';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { LIBRARY } from './telemetry.js';

/** What may be exported. Other fields and error messages may contain names, e-mail addresses, ids or tokens. */
const SPAN_ATTRIBUTES = new Set([
  ...['rpc.system', 'rpc.service', 'rpc.method', 'rpc.grpc.status_code'],
  ...['db.system.name', 'db.namespace', 'db.query.text', 'server.address', 'server.port'], // text has $1 for values
]);
const LOG_ATTRIBUTES = new Set([
  ...['requestId', 'method', 'code', 'milliseconds', 'publicPort', 'internalPort', 'library', 'exception.type'],
  ...['audit', 'outcome', 'why', 'opId', 'closed', 'bookCount'],
]);

/** gRPC status codes of the server's own faults. instrumentation-grpc marks the others as errors, too. */
const FAULTS = new Set<unknown>([2, 4, 12, 13, 14, 15]);

/** They only link a statement to its call. That of a new connection is a child of the pool's. */
const SPANS_OF_CONNECTIONS = new Set(['pg-pool.connect', 'pg.connect']);

/** An exporter that gets redacted spans, without those of connections. */
export function redactedSpans(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans.filter(({ name }) => !SPANS_OF_CONNECTIONS.has(name)).map(redactSpan), done),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

function redactSpan(span: ReadableSpan): ReadableSpan {
  const code = span.attributes['rpc.grpc.status_code'];
  const isAnswer = span.kind === SpanKind.SERVER && code !== undefined && !FAULTS.has(code);
  return Object.create(span, {
    attributes: { value: allowed(span.attributes, SPAN_ATTRIBUTES) },
    status: { value: { code: isAnswer ? SpanStatusCode.UNSET : span.status.code } },
    events: { value: [] }, // they hold exceptions
    links: { value: span.links.map(({ context }) => ({ context: withoutState(context) })) },
    spanContext: { value: () => withoutState(span.spanContext()) },
  });
}

/** A caller writes what it likes into the trace state. */
const withoutState = (context: SpanContext): SpanContext => ({ ...context, traceState: undefined });

/** An exporter that gets redacted log records, without the warnings about telemetry itself. */
export function redactedLogs(exporter: logs.LogRecordExporter): logs.LogRecordExporter {
  return {
    export: (records, done) =>
      exporter.export(records.filter(({ attributes }) => attributes.library !== LIBRARY).map(redactLog), done),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

function redactLog(record: logs.ReadableLogRecord): logs.ReadableLogRecord {
  const attributes = allowed(record.attributes, LOG_ATTRIBUTES);
  // The text of a library may repeat what a caller sent.
  const isOwn = attributes.library === undefined && typeof record.body === 'string';
  return Object.create(record, {
    attributes: { value: attributes },
    body: { value: isOwn ? record.body : undefined },
  });
}

const allowed = (attributes: object, names: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.has(name)));
