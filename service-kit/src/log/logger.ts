import { createRequire } from 'node:module';
import type { LoggerService } from '@nestjs/common';
import type * as Pino from 'pino';
import type { Logger } from 'pino';
import type pinoPretty from 'pino-pretty';
import { currentCall } from '../call/call.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { serializeError } from './error-serializer.js';

export type { Logger } from 'pino';

const require = createRequire(import.meta.url);
// By require: its instrumentation replaces what pino exports, which an import of a CommonJS package does not see.
const { pino, stdTimeFunctions }: typeof Pino = require('pino');

/** A logger whose every line names the service and, within a call, the request id. */
export function createLogger(service: string, settings: Pick<KitSettings, 'LOG_LEVEL' | 'LOG_FORMAT'>): Logger {
  const readable = settings.LOG_FORMAT === 'pretty' || (settings.LOG_FORMAT === 'auto' && process.stdout.isTTY);

  const options = {
    level: settings.LOG_LEVEL,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const call = currentCall();
      return call ? { requestId: call.requestId } : {};
    },
  };
  // By this thread: the lines of a process that ends, in whatever way, are written.
  if (!readable) return pino(options, pino.destination({ fd: 1, sync: true }));
  // Its 40 files take 15 to 20 ms to load, which only a person's terminal is worth.
  const pretty: typeof pinoPretty = require('pino-pretty');
  // In this process rather than in a worker: the last lines of a dying process are the ones that matter.
  return pino(options, pretty({ ignore: 'pid,hostname,service', messageFormat: `${service}: {msg}`, sync: true }));
}

/** What Nest itself says at a start, beside a service's own `Logger`. */
const FRAMEWORK = new Set(['NestFactory', 'InstanceLoader', 'NestMicroservice']);

/** Nest's `Logger` through pino, each method at its own level. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...more: unknown[]) {
    this.#write(FRAMEWORK.has(String(more.at(-1))) ? 'debug' : 'info', message, more);
  }
  error(message: unknown, ...more: unknown[]) {
    this.#write('error', message, more);
  }
  warn(message: unknown, ...more: unknown[]) {
    this.#write('warn', message, more);
  }
  debug(message: unknown, ...more: unknown[]) {
    this.#write('debug', message, more);
  }
  verbose(message: unknown, ...more: unknown[]) {
    this.#write('debug', message, more);
  }
  fatal(message: unknown, ...more: unknown[]) {
    this.#write('fatal', message, more);
  }

  /** Nest's last argument is the context, such as a class name; an error has its stack before it. */
  #write(level: 'debug' | 'info' | 'warn' | 'error' | 'fatal', message: unknown, more: unknown[]) {
    const context = more.at(-1);
    const stack = more.length > 1 ? more.at(-2) : undefined;
    // An error's own message may repeat what a caller sent: it stays in a field that is not exported.
    if (message instanceof Error) this.logger[level]({ context, err: message }, 'an error');
    else
      this.logger[level]({ context, stack }, typeof message === 'object' ? JSON.stringify(message) : String(message));
  }
}
