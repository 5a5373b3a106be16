import path from 'node:path';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { core, logs, NodeSDK, resources } from '@opentelemetry/sdk-node';
import { ParentBasedSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { redactedLogs, redactedSpans } from './redaction.js';

/** Health checks and reflection are not traced. */
const NOT_TRACED = /^(Check|Watch|List|ServerReflectionInfo)$/;
/** New traces per second of a process: all of single calls, few under load. */
const TRACES_PER_SECOND = 50;

/** The exporters of each OTEL_EXPORTER_OTLP_PROTOCOL. The SDK's own would export without redaction. */
const EXPORTERS = {
  'http/protobuf': () =>
    Promise.all([
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/exporter-logs-otlp-proto'),
    ]),
  'http/json': () =>
    Promise.all([import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/exporter-logs-otlp-http')]),
  grpc: () =>
    Promise.all([import('@opentelemetry/exporter-trace-otlp-grpc'), import('@opentelemetry/exporter-logs-otlp-grpc')]),
};

/** Starts OpenTelemetry's SDK. The OTEL_ variables configure it; these are the defaults of the bookstore. */
export async function startSdk(): Promise<NodeSDK> {
  const { env } = process;
  const protocol = (env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf') as keyof typeof EXPORTERS;
  const [{ OTLPTraceExporter }, { OTLPLogExporter }] = await (EXPORTERS[protocol] ?? EXPORTERS['http/protobuf'])();
  const logExporter = {
    exporter: redactedLogs(new OTLPLogExporter()),
    scheduledDelayMillis: core.getNumberFromEnv('OTEL_BLRP_SCHEDULE_DELAY') ?? 1000,
  };
  const sdk = new NodeSDK({
    // Such as author-service, for author-service/dist/main.js.
    serviceName: env.OTEL_SERVICE_NAME || path.basename(path.resolve(process.argv[1] ?? '', '../..')),
    // The detectors of the process and its host report user names and host names.
    resourceDetectors: [resources.serviceInstanceIdDetector, resources.envDetector],
    ...(env.OTEL_TRACES_EXPORTER === 'none'
      ? { spanProcessors: [] }
      : { traceExporter: redactedSpans(new OTLPTraceExporter()) }),
    logRecordProcessors: env.OTEL_LOGS_EXPORTER === 'none' ? [] : [new logs.BatchLogRecordProcessor(logExporter)],
    ...(!env.OTEL_TRACES_SAMPLER && { sampler: new ParentBasedSampler({ root: rateSampler() }) }),
    // No baggage: a caller could put anything into it.
    ...(!env.OTEL_PROPAGATORS && { textMapPropagator: new core.W3CTraceContextPropagator() }),
    instrumentations: [
      new GrpcInstrumentation({ ignoreGrpcMethods: [NOT_TRACED] }),
      new PgInstrumentation({
        requireParentSpan: true, // statements of background work are not traced
        // Otherwise the name is that of the prepared statement, such as prisma_7.
        requestHook: (span, { query, connection }) =>
          span.updateName(`${/\w+/.exec(query.text)?.[0]?.toUpperCase()} ${connection.database}`),
      }),
      new PinoInstrumentation(),
      new RuntimeNodeInstrumentation(),
    ],
  });
  sdk.start();
  return sdk;
}

/** Samples the first traces of each second. */
export function rateSampler(perSecond = TRACES_PER_SECOND): Sampler {
  let second = 0;
  let count = 0;
  return {
    shouldSample: () => {
      const now = Math.floor(performance.now() / 1000);
      count = now === second ? count + 1 : 1;
      second = now;
      return { decision: count <= perSecond ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    },
    toString: () => `RateSampler{${perSecond}/s}`,
  };
}
