import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import type { logs } from '@opentelemetry/sdk-node';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { LIBRARY } from './telemetry.js';

/**
 * What may be exported about a call, a statement and a log line. Everything else is removed: error messages and other
 * fields may repeat names, e-mail addresses, ids or tokens.
 */
const SPAN_ATTRIBUTES = new Set([
  'rpc.system',
  'rpc.service',
  'rpc.method',
  'rpc.grpc.status_code',
  'bookstore.reason',
  'db.system.name',
  'db.namespace',
  'db.query.text', // with $1 in place of values
  'server.address',
  'server.port',
]);
const LOG_ATTRIBUTES = new Set([
  'requestId',
  'method',
  'code',
  'milliseconds',
  'audit',
  'outcome',
  'why',
  'opId',
  'closed',
  'bookCount',
  'publicPort',
  'internalPort',
  'library',
  'exception.type',
]);

/** gRPC status codes that are the server's fault. instrumentation-grpc marks every other answer as an error, too. */
const FAULTS = new Set<unknown>([2, 4, 12, 13, 14, 15]);

/**
 * Without the spans of the pool: they are made so that a statement that waits for a connection stays in the trace of its call.
 */
export function redactedSpans(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => {
      const exported = spans.filter(({ name }) => !name.startsWith('pg-pool.'));
      exporter.export(exported.map(redactSpan), done);
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

export function redactedLogs(exporter: logs.LogRecordExporter): logs.LogRecordExporter {
  return {
    export: (records, done) => {
      const exported = records.filter(({ attributes }) => attributes.library !== LIBRARY);
      exporter.export(exported.map(redactLog), done);
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Without events: they hold exceptions. */
export function redactSpan(span: ReadableSpan): ReadableSpan {
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: statusOf(span),
    attributes: allowed(span.attributes, SPAN_ATTRIBUTES) as Attributes,
    links: span.links.map(({ context }) => ({ context })),
    events: [],
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function statusOf({ kind, status, attributes }: ReadableSpan): SpanStatus {
  const code = attributes['rpc.grpc.status_code'];
  const isAnswer = kind === SpanKind.SERVER && code !== undefined && !FAULTS.has(code);
  return { code: isAnswer ? SpanStatusCode.UNSET : status.code };
}

export function redactLog(record: logs.ReadableLogRecord): logs.ReadableLogRecord {
  const { hrTime, hrTimeObserved, spanContext, severityText, severityNumber, resource } = record;
  const attributes = allowed(record.attributes, LOG_ATTRIBUTES);
  // What a library says may repeat what a caller sent.
  const body = attributes.library === undefined ? record.body : undefined;
  return {
    hrTime,
    hrTimeObserved,
    ...(spanContext && { spanContext }),
    ...(severityText && { severityText }),
    ...(severityNumber && { severityNumber }),
    ...(typeof body === 'string' && { body }),
    resource,
    instrumentationScope: record.instrumentationScope,
    attributes,
    droppedAttributesCount: record.droppedAttributesCount,
  };
}

const allowed = <T>(attributes: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.has(name)));
