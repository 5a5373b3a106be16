import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { Logger } from '../log/logger.js';

/** The shortest time between two warnings, ms. */
const WARNING_INTERVAL_MS = 60_000;
/** The `library` field of these warnings, which are not exported. */
export const LIBRARY = 'opentelemetry';

let sdk: { shutdown(): Promise<void> } | undefined;

/** Called by register.ts when telemetry is on. */
export function setSdk(started: typeof sdk): void {
  sdk = started;
}

/** Logs failed exports, at most once a minute. */
export function logTelemetryErrors(logger: Logger): void {
  if (process.env.OTEL_LOG_LEVEL) return; // then the SDK writes its own messages to the console
  let quietUntil = 0;
  const warn = (message: string) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + WARNING_INTERVAL_MS;
    // OpenTelemetry reports an error as JSON, with its stack.
    const problem = /"message":"((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
    logger.warn({ library: LIBRARY, problem }, 'telemetry cannot be exported');
  };
  const ignore = () => {};
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

/** Exports what is left, for at most `timeoutMs`. */
export async function shutdownTelemetry(timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([sdk?.shutdown().catch(() => {}), timeout]);
  clearTimeout(timer);
}
