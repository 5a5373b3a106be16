import { useTelemetry } from './telemetry.js';

/**
 * `node --import service-kit/dist/telemetry/register.js …`: telemetry is on where the environment says where to send it,
 * and OpenTelemetry is loaded only then.
 */

const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED } = process.env;
if (OTEL_EXPORTER_OTLP_ENDPOINT && OTEL_SDK_DISABLED?.toLowerCase() !== 'true') {
  const { OpenTelemetry } = await import('./open-telemetry.js');
  useTelemetry(new OpenTelemetry());
}
