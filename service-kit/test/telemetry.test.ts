import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { redactedLogs, redactedSpans } from '../src/telemetry/redaction.js';
import { rateSampler } from '../src/telemetry/sdk.js';

const SECRET = 'jane@example.com';

/** The span as it is exported. */
function exported(kind: SpanKind, attributes: Record<string, string | number>) {
  const memory = new InMemorySpanExporter();
  const exporter = redactedSpans(memory);
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const traceState = createTraceState(`v=${SECRET}`);
  const parent = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, traceState });
  const span = provider
    .getTracer('test')
    .startSpan(
      'grpc.Service/Method',
      { kind, attributes, links: [{ context: parent.spanContext(), attributes }] },
      trace.setSpan(ROOT_CONTEXT, parent),
    );
  span.recordException(new Error(SECRET));
  span.addEvent(SECRET);
  span.setStatus({ code: SpanStatusCode.ERROR, message: SECRET });
  span.end();
  return memory.getFinishedSpans()[0];
}

test('a span keeps its known attributes, and no event or message', () => {
  const span = exported(SpanKind.CLIENT, { 'rpc.method': 'GetAuthor', 'grpc.error_message': SECRET, user: SECRET });
  expect(span?.attributes).toEqual({ 'rpc.method': 'GetAuthor' });
  expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(span?.events).toEqual([]);
  expect(span?.ended).toBe(true);
  expect(span?.spanContext().traceId).toHaveLength(32);
  expect(span?.spanContext().traceState).toBeUndefined();
  expect(span?.links).toMatchObject([{ context: { traceId: '1'.repeat(32), traceState: undefined } }]);
  expect(JSON.stringify([span?.links, span?.attributes])).not.toContain(SECRET);
});

test.each([
  [5, SpanStatusCode.UNSET], // NOT_FOUND
  [8, SpanStatusCode.UNSET], // RESOURCE_EXHAUSTED
  [13, SpanStatusCode.ERROR], // INTERNAL
  [14, SpanStatusCode.ERROR], // UNAVAILABLE
])('the span of an answer with code %i has status %i', (code, status) => {
  expect(exported(SpanKind.SERVER, { 'rpc.grpc.status_code': code })?.status).toEqual({ code: status });
});

test('a log line keeps its text and known fields; the text of libraries is not exported', async () => {
  const memory = new logs.InMemoryLogRecordExporter();
  const processor = new logs.SimpleLogRecordProcessor({ exporter: redactedLogs(memory) });
  const logger = new logs.LoggerProvider({ processors: [processor] }).getLogger('test');
  const attributes = { requestId: 'r-1', method: '/a.B/C', who: { name: SECRET }, id: SECRET };
  logger.emit({ body: 'changed', attributes, exception: new TypeError(SECRET) });
  logger.emit({ body: 'telemetry cannot be exported', attributes: { library: 'opentelemetry' } });
  logger.emit({ body: SECRET, attributes: { library: 'grpc-js' } });
  await processor.forceFlush();
  const lines = memory.getFinishedLogRecords();
  expect(lines.map(({ body }) => body)).toEqual(['changed', undefined]);
  expect(lines[0]?.attributes).toEqual({ requestId: 'r-1', method: '/a.B/C', 'exception.type': 'TypeError' });
});

test('the first 50 traces of a second are sampled', () => {
  const sampler = rateSampler(50);
  const sampled = Array.from({ length: 10_000 }, () => {
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, '', '', SpanKind.SERVER, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  });
  expect(sampled.slice(0, 50)).not.toContain(false);
  // Within one second, or in two.
  expect(sampled.filter(Boolean).length).toBeLessThanOrEqual(100);
});
