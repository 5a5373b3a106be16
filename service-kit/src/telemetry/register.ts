import { createRequire } from 'node:module';
import { setSdk } from './telemetry.js';

/**
 * `node --import service-kit/dist/telemetry/register.js …` turns telemetry on if the environment names an endpoint. It
 * runs before the service is loaded, since the instrumentations patch grpc-js, pg and pino while these load.
 */
const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED } = process.env;
if (OTEL_EXPORTER_OTLP_ENDPOINT && OTEL_SDK_DISABLED?.toLowerCase() !== 'true') {
  const { startSdk } = await import('./sdk.js');
  setSdk(await startSdk());
  // Both are CommonJS: once required, an import finds them patched. OpenTelemetry's ESM hook would be slower.
  const require = createRequire(import.meta.url);
  require('@grpc/grpc-js');
  require('pg');
}
