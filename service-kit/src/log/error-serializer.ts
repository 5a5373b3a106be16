import { describeDatabaseError } from '../database/database-errors.js';

/**
 * An error for the log, with its causes. What a database says of an error repeats rows and parameters, e-mail addresses
 * included: only its codes and names are kept.
 */
export function serializeError(error: unknown, outer: readonly unknown[] = []): unknown {
  if (!(error instanceof Error)) return error;
  const { code, reason } = error as Error & { code?: unknown; reason?: unknown };
  const serialized = { type: error.constructor.name, code, reason };
  const described = describeDatabaseError(error);
  if (described !== undefined) return { ...serialized, message: described, stack: framesOf(error.stack) };
  const { message, stack, cause } = error;
  const causes = [...outer, error];
  const hasCause = cause !== undefined && !causes.includes(cause);
  return { ...serialized, message, stack, ...(hasCause && { cause: serializeError(cause, causes) }) };
}

/** A stack without the message at its head. */
const framesOf = (stack = ''): string => stack.slice(Math.max(stack.search(/^\s+at /m), 0));
