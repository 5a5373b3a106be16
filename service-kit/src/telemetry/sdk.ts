import { DiagLogLevel, diag } from '@opentelemetry/api';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { core, NodeSDK, resources } from '@opentelemetry/sdk-node';
import type { Logger } from '../log/logger.js';
import { CallContexts } from './call-contexts.js';
import { LIBRARY } from './log-records.js';

/** Least time between two lines about what cannot be exported, ms. Only a matter of taste, and so no setting. */
const SILENCE_MS = 60_000;

/** OpenTelemetry's SDK, as its own variables set it up; what they leave open is decided here. */
export function startSdk(service: string, logger: Logger): NodeSDK {
  const { OTEL_SERVICE_NAME, OTEL_PROPAGATORS, OTEL_LOG_LEVEL } = process.env;
  if (!OTEL_LOG_LEVEL) diag.setLogger(occasionally(logger), DiagLogLevel.WARN);
  const sdk = new NodeSDK({
    serviceName: OTEL_SERVICE_NAME || service,
    // Those for the process and its host tell the names of users and of their machines.
    resourceDetectors: [resources.serviceInstanceIdDetector, resources.envDetector],
    contextManager: new CallContexts(),
    instrumentations: [new RuntimeNodeInstrumentation()],
    // Without baggage, in which a stranger's words would travel on.
    ...(OTEL_PROPAGATORS ? {} : { textMapPropagator: new core.W3CTraceContextPropagator() }),
  });
  sdk.start();
  return sdk;
}

/** A collector that is away for long must not fill the log. */
function occasionally(logger: Logger) {
  let quietUntil = 0;
  const tell = (message: string) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + SILENCE_MS;
    logger.warn({ library: LIBRARY, problem: problemOf(message) }, 'telemetry cannot be exported');
  };
  return { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} };
}

/** OpenTelemetry tells of an error as JSON, with its stack. */
function problemOf(message: string): string {
  try {
    return JSON.parse(message).message ?? message;
  } catch {
    return message;
  }
}
