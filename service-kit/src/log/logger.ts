import { createRequire } from 'node:module';
import type { LoggerService } from '@nestjs/common';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type pinoPretty from 'pino-pretty';
import { currentCall } from '../call/call.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { telemetry } from '../telemetry/telemetry.js';
import { serializeError } from './error-serializer.js';
import { standardOutput } from './standard-output.js';

export type { Logger } from 'pino';

const require = createRequire(import.meta.url);

/** A logger whose every line names the service and, within a call, the request id. */
export function createLogger(service: string, settings: Pick<KitSettings, 'LOG_LEVEL' | 'LOG_FORMAT'>): Logger {
  const readable = settings.LOG_FORMAT === 'pretty' || (settings.LOG_FORMAT === 'auto' && process.stdout.isTTY);
  const on = telemetry();
  const options = {
    level: settings.LOG_LEVEL,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const call = currentCall();
      return { ...(call && { requestId: call.requestId }), ...on?.ids() };
    },
    hooks: on
      ? {
          streamWrite: (line: string) => {
            on.log(line);
            return line;
          },
        }
      : {},
  };
  if (!readable) return pino(options, standardOutput);
  // Its 40 files take 15 to 20 ms to load, which only a person's terminal is worth.
  const pretty: typeof pinoPretty = require('pino-pretty');
  // In this process rather than in a worker: the last lines of a dying process are the ones that matter.
  return pino(options, pretty({ ignore: 'pid,hostname,service', messageFormat: `${service}: {msg}`, sync: true }));
}

/** Nest's own lines through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log(message: unknown, context?: unknown) {
    this.logger.debug({ context }, String(message));
  }
  error(message: unknown, ...more: unknown[]) {
    this.logger.error({ context: more.at(-1), err: message instanceof Error ? message : undefined }, String(message));
  }
  warn(message: unknown, context?: unknown) {
    this.logger.warn({ context }, String(message));
  }
  debug(message: unknown, context?: unknown) {
    this.logger.debug({ context }, String(message));
  }
}
