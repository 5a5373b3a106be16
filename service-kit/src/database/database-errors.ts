import { CallError, isExplained } from '../errors/call-error.js';

/** What Prisma and adapter-pg call a database that cannot be used just now. */
const UNAVAILABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'DatabaseDoesNotExist',
  'DatabaseAccessDenied',
  'AuthenticationFailed',
  'TlsConnectionError',
]);
const UNAVAILABLE_CODES = new Set([
  ...['P1000', 'P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '55P03', // lock not available in lock_timeout
  '57014', // statement_timeout
  '58000', // a system call of the server failed
  '58030', // its disk failed
]);
/** Classes of SQLSTATE: connection exceptions, and the server shutting down or starting. */
const CONNECTION_ENDED = /^(08...|57P0.)$/;
/** A transaction that has failed or timed out. */
const TRANSACTION_ENDED = /^25P0[234]$/;
const UNAVAILABLE_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Cannot use a pool after|Client was closed)/;

/**
 * The error as DATABASE_UNAVAILABLE when that is what it comes down to, looking through the layers that wrap it; else
 * nothing.
 */
export function databaseUnavailable(error: unknown): CallError | undefined {
  for (const layer of layersOf(error)) {
    if (isUnavailable(layer)) return unavailable(error);
  }
  return undefined;
}

/** Whether the error is that a statement's answer never came: it may have been carried out or not. */
export function answerLost(error: unknown): boolean {
  // What the pool refuses for want of a connection explains itself, and was never sent.
  if (isExplained(error) || !databaseUnavailable(error)) return false;
  const state = sqlState(error);
  return state === undefined || CONNECTION_ENDED.test(state);
}

/** The answer to a call whose database does not answer. */
export function unavailable(cause: unknown): CallError {
  return new CallError('DATABASE_UNAVAILABLE', 'the database does not answer; try again', { cause });
}

/** The SQLSTATE that a statement failed with, looking through the layers that wrap it. */
export function sqlState(error: unknown): string | undefined {
  for (const { originalCode, code } of layersOf(error)) {
    for (const candidate of [originalCode, code]) {
      if (typeof candidate === 'string' && /^[0-9A-Z]{5}$/.test(candidate) && !candidate.startsWith('P'))
        return candidate;
    }
  }
  return undefined;
}

interface Layer {
  code?: unknown;
  originalCode?: unknown;
  kind?: unknown;
  message?: unknown;
  cause?: unknown;
  meta?: { driverAdapterError?: unknown };
}

function* layersOf(error: unknown): Generator<Layer> {
  const seen = new Set<unknown>();
  for (let layer = error as Layer | undefined; layer && typeof layer === 'object' && !seen.has(layer); ) {
    seen.add(layer);
    yield layer;
    layer = (layer.cause ?? layer.meta?.driverAdapterError) as Layer | undefined;
  }
}

function isUnavailable({ code, originalCode, kind, message }: Layer): boolean {
  return (
    UNAVAILABLE_KINDS.has(kind as string) ||
    [code, originalCode].some(
      (value) =>
        typeof value === 'string' &&
        (UNAVAILABLE_CODES.has(value) || CONNECTION_ENDED.test(value) || TRANSACTION_ENDED.test(value)),
    ) ||
    (typeof message === 'string' && UNAVAILABLE_MESSAGES.test(message))
  );
}
