import { createRequire } from 'node:module';
import { setLogger } from '@grpc/grpc-js';
import type { LoggerService } from '@nestjs/common';
import type * as Pino from 'pino';
import type { Logger } from 'pino';
import type pinoPretty from 'pino-pretty';
import { currentCall } from '../call/call.js';
import { describeDatabaseError } from '../database/database-errors.js';
import type { KitSettings } from '../settings/kit-settings.js';

export type { Logger } from 'pino';

const require = createRequire(import.meta.url);
// By require: OpenTelemetry's instrumentation replaces what pino exports, which an import of CommonJS would not see.
const { pino, stdTimeFunctions }: typeof Pino = require('pino');

/** A logger whose lines have the name of the service and, within a call, its request id. They are JSON, except on a terminal. */
export function createLogger(service: string, level: KitSettings['LOG_LEVEL']): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const call = currentCall();
      return call ? { requestId: call.requestId } : {};
    },
  };
  // Synchronous, so that the last lines of a process that ends are written.
  if (!process.stdout.isTTY) return pino(options, pino.destination({ fd: 1, sync: true }));
  const pretty: typeof pinoPretty = require('pino-pretty'); // 40 files, which production does not need
  return pino(options, pretty({ ignore: 'pid,hostname,service', messageFormat: `${service}: {msg}`, sync: true }));
}

/** An error for the log, with its causes. Of a database error only codes and names: its text repeats rows. */
export function serializeError(error: unknown, outer: readonly unknown[] = []): unknown {
  if (!(error instanceof Error)) return error;
  const { code, reason, message, stack, cause } = error as Error & { code?: unknown; reason?: unknown };
  const serialized = { type: error.constructor.name, code, reason };
  const described = describeDatabaseError(error);
  if (described)
    return { ...serialized, message: described, stack: stack?.slice(Math.max(0, stack.search(/^\s+at /m))) };
  const causes = [...outer, error];
  const hasCause = cause !== undefined && !causes.includes(cause);
  return { ...serialized, message, stack, ...(hasCause && { cause: serializeError(cause, causes) }) };
}

/** Nest's own messages at a start; every other context is a `Logger` of the service. */
const NEST_CONTEXTS = new Set<unknown>(['NestFactory', 'InstanceLoader', 'NestMicroservice']);

/** Nest's `Logger` on pino, each method at its own level. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...more: unknown[]) => {
      // Nest's last argument is the context, such as a class name; an error has its stack before it.
      const [context, stack] = more.reverse();
      const log = logger[level === 'info' && NEST_CONTEXTS.has(context) ? 'debug' : level].bind(logger);
      // The message of an error may repeat what a caller sent, so it is a field, which is not exported.
      if (message instanceof Error) log({ context, err: message }, 'an error');
      else log({ context, stack }, typeof message === 'object' ? JSON.stringify(message) : String(message));
    };
  const debug = at('debug');
  return { log: at('info'), error: at('error'), warn: at('warn'), fatal: at('fatal'), debug, verbose: debug };
}

/** Writes grpc-js's own messages to the logger. Of a bad header only the name is logged: callers send the rest. */
export function logGrpc(logger: Logger): void {
  const at = (level: 'debug' | 'warn') => (message: unknown) => {
    const [badHeader] = /^Failed to add metadata entry [^:]{1,100}/.exec(String(message)) ?? [];
    logger[badHeader ? 'debug' : level]({ library: 'grpc-js' }, badHeader ?? String(message));
  };
  setLogger({ error: at('warn'), info: at('debug'), debug: at('debug') });
}
