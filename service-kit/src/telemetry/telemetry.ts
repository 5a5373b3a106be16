import { setTimeout as sleep } from 'node:timers/promises';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { RepeatedFailures } from '../log/repeated-failures.js';

// register.ts imports this file before grpc-js may be loaded, so its imports from the kit are types.

/** The `library` field of these warnings, which are not exported. */
export const LIBRARY = 'opentelemetry';

/** The longest time to export telemetry at a stop, ms: with the time to drain, less than the 10 s of `docker stop`. */
const FLUSH_MS = 1000;

let sdk: { shutdown(): Promise<void> } | undefined;

/** Called by register.ts when telemetry is on. */
export function setSdk(started: typeof sdk): void {
  sdk = started;
}

/** Logs that exports fail, and when they succeed again. */
export function logTelemetryErrors(failures: RepeatedFailures): void {
  if (process.env.OTEL_LOG_LEVEL) return; // then the SDK writes its own messages to the console
  const warn = (message: string) => {
    // OpenTelemetry reports an error as JSON, with its stack.
    const problem = /"message":"((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
    failures.add('telemetry cannot be exported', { library: LIBRARY, problem });
  };
  const ignore = () => {};
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

/** Exports what is left, for a limited time. */
export async function shutdownTelemetry(): Promise<void> {
  await Promise.race([sdk?.shutdown().catch(() => {}), sleep(FLUSH_MS, undefined, { ref: false })]);
}
