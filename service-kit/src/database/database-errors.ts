import { DomainError } from '../errors/domain-error.js';

/** Kinds of adapter-pg, codes of Prisma and Node: there was no connection, so that no statement was sent. */
const NOT_CONNECTED = [
  ...['DatabaseNotReachable', 'TooManyConnections', 'DatabaseDoesNotExist', 'DatabaseAccessDenied'],
  ...['AuthenticationFailed', 'TlsConnectionError'],
  ...['P1000', 'P1001', 'P1010', 'P1011', 'P2037', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'],
];
// Such as `connect ENOENT`: a Unix socket that is gone.
const NOT_CONNECTED_MESSAGES =
  /^(timeout exceeded when trying to connect|Connection terminated due to connection timeout|.*SASL: |.*connect E[A-Z]+ |.*Unable to start a transaction in the given time)/s;
/** The same, SQLSTATEs, and what is said of a connection that was lost: the database cannot be used just now. */
const UNAVAILABLE = new Set<unknown>([
  ...NOT_CONNECTED,
  ...['ConnectionClosed', 'SocketTimeout', 'P1002', 'P1008', 'P1017', 'P1018', 'P2024', 'P2028'],
  ...['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROTO'],
  '0A000', // a prepared statement whose columns have changed since
  ...['TransactionWriteConflict', 'P2034', '40001', '40P01'], // a deadlock or a serialization failure
  '25006', // read-only, such as a standby after a failover
  ...['53100', '53200', '53300'], // out of disk, memory, connections
  ...['55P03', '57014'], // lock_timeout, statement_timeout
  ...['58000', '58030'], // a failed system call or disk
]);
/** SQLSTATEs of a connection that ended, or of a server that shuts down or starts. */
const CONNECTION_ENDED = /^(08...|57P0.)$/;
/** SQLSTATEs of a transaction that has failed or timed out. */
const TRANSACTION_ENDED = /^25P0[234]$/;
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after|Client was closed)/;

/** The error as DATABASE_UNAVAILABLE where it, or what it wraps, means that; else undefined. */
export function databaseUnavailable(error: unknown): DomainError | undefined {
  for (const layer of layersOf(error)) {
    if (isUnavailable(layer)) return unavailable(error);
  }
  return undefined;
}

/** Whether the answer to a statement was lost, so that the statement may have been carried out. */
export function answerLost(error: unknown): boolean {
  if (error instanceof DomainError || !databaseUnavailable(error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return CONNECTION_ENDED.test(state);
  return ![...layersOf(error)].some(
    ({ kind, code, message }) =>
      [kind, code].some((value) => NOT_CONNECTED.includes(value as string)) ||
      NOT_CONNECTED_MESSAGES.test(String(message)),
  );
}

/** The error of a call whose database does not answer. */
export const unavailable = (cause: unknown) =>
  new DomainError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'the database does not answer; try again', { cause });

/** The SQLSTATE of a failed statement, also of one that an error wraps. */
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
  constraint?: { index?: unknown };
  message?: unknown;
  cause?: unknown;
  meta?: { driverAdapterError?: unknown };
}

/** The error and what it wraps: Prisma's, adapter-pg's, pg's. */
export function* layersOf(error: unknown): Generator<Layer> {
  const seen = new Set<unknown>();
  for (let layer = error as Layer | undefined; layer && typeof layer === 'object' && !seen.has(layer); ) {
    seen.add(layer);
    yield layer;
    layer = (layer.cause ?? layer.meta?.driverAdapterError) as Layer | undefined;
  }
}

function isUnavailable({ code, originalCode, kind, message }: Layer): boolean {
  return (
    [kind, code, originalCode].some(
      (value) =>
        UNAVAILABLE.has(value) ||
        (typeof value === 'string' && (CONNECTION_ENDED.test(value) || TRANSACTION_ENDED.test(value))),
    ) ||
    (typeof message === 'string' && (LOST_MESSAGES.test(message) || NOT_CONNECTED_MESSAGES.test(message)))
  );
}

/** An error of Prisma or PostgreSQL by its codes and names, without the values in its message; undefined for another error. */
export function describeDatabaseError(error: Error): string | undefined {
  const { code, severity, meta } = error as Error & {
    code?: unknown;
    severity?: unknown;
    meta?: { modelName?: unknown };
  };
  const isPrismas = error.name.startsWith('PrismaClient') && error.name !== 'PrismaClientValidationError';
  if (!isPrismas && error.name !== 'DriverAdapterError' && severity === undefined) return undefined;
  const cause = [...layersOf(error)].find((layer) => layer.kind !== undefined);
  const { kind, originalCode, constraint } = cause ?? {};
  const facts = { code, model: meta?.modelName, kind, sqlState: originalCode, constraint: constraint?.index };
  const known = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  return `database error: ${known.map(([name, fact]) => `${name} ${fact}`).join(', ')}`;
}
