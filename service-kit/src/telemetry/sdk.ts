import path from 'node:path';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { core, logs, NodeSDK, resources } from '@opentelemetry/sdk-node';
import { ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { RateSampler } from './rate-sampler.js';
import { redactedLogs, redactedSpans } from './redaction.js';

/** Health checks and reflection are not traced. */
const NOT_TRACED = /^(Check|Watch|List|ServerReflectionInfo)$/;

/** The exporters of each OTEL_EXPORTER_OTLP_PROTOCOL. The SDK would make them itself, but without our redaction. */
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

/** Starts OpenTelemetry's SDK. The OTEL_ variables configure it; this file decides what they leave open. */
export async function startSdk(): Promise<NodeSDK> {
  const { env } = process;
  const protocol = (env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf') as keyof typeof EXPORTERS;
  const [{ OTLPTraceExporter }, { OTLPLogExporter }] = await (EXPORTERS[protocol] ?? EXPORTERS['http/protobuf'])();
  const sdk = new NodeSDK({
    serviceName: env.OTEL_SERVICE_NAME || packageOfMain(),
    // The detectors of the process and its host report user names and host names.
    resourceDetectors: [resources.serviceInstanceIdDetector, resources.envDetector],
    ...(env.OTEL_TRACES_EXPORTER === 'none'
      ? { spanProcessors: [] }
      : { traceExporter: redactedSpans(new OTLPTraceExporter()) }),
    logRecordProcessors: env.OTEL_LOGS_EXPORTER === 'none' ? [] : [logProcessor(redactedLogs(new OTLPLogExporter()))],
    ...(!env.OTEL_TRACES_SAMPLER && { sampler: new ParentBasedSampler({ root: new RateSampler() }) }),
    // No baggage: a caller could put anything into it.
    ...(!env.OTEL_PROPAGATORS && { textMapPropagator: new core.W3CTraceContextPropagator() }),
    instrumentations: [
      new GrpcInstrumentation({ ignoreGrpcMethods: [NOT_TRACED] }),
      new PgInstrumentation({
        requireParentSpan: true, // background statements, such as those of the health check, are not traced
        // Its own name is that of the prepared statement, such as prisma_7.
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

const logProcessor = (exporter: logs.LogRecordExporter) =>
  new logs.BatchLogRecordProcessor({
    exporter,
    scheduledDelayMillis: core.getNumberFromEnv('OTEL_BLRP_SCHEDULE_DELAY') ?? 1000,
  });

/** Such as author-service, for author-service/dist/main.js. */
const packageOfMain = () => path.basename(path.resolve(process.argv[1] ?? '', '../..'));
