import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { Logger } from '../log/logger.js';

/** The part of the SDK that a service needs. */
interface Sdk {
  shutdown(): Promise<void>;
}

/** Shortest time between two warnings about failed exports, ms. */
const WARNING_INTERVAL_MS = 60_000;

/** The `library` field of these warnings. They are not exported. */
export const LIBRARY = 'opentelemetry';

let sdk: Sdk | undefined;

/** Called by register.ts when telemetry is on. */
export function setSdk(started: Sdk): void {
  sdk = started;
}

/** Logs failed exports, at most once a minute: the collector may be away for long. */
export function logTelemetryErrors(logger: Logger): void {
  if (process.env.OTEL_LOG_LEVEL) return; // then the SDK writes its own messages to the console
  let quietUntil = 0;
  const warn = (message: string) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + WARNING_INTERVAL_MS;
    logger.warn({ library: LIBRARY, problem: problemOf(message) }, 'telemetry cannot be exported');
  };
  const ignore = () => {};
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

/** OpenTelemetry reports an error as JSON, with its stack. */
function problemOf(message: string): string {
  try {
    return JSON.parse(message).message ?? message;
  } catch {
    return message;
  }
}

/** Exports what is left, for at most `timeoutMs`. What cannot be exported by then is lost. */
export async function shutdownTelemetry(timeoutMs: number): Promise<void> {
  if (!sdk) return;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([sdk.shutdown().catch(() => {}), timeout]);
  clearTimeout(timer);
}
