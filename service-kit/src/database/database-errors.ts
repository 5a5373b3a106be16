import { DomainError } from '../errors/domain-error.js';

/** Kinds of adapter-pg, codes of Prisma and of Node: there was no connection, so no statement was sent. */
const NOT_CONNECTED = new Set<unknown>([
  ...['DatabaseNotReachable', 'TooManyConnections', 'DatabaseDoesNotExist', 'DatabaseAccessDenied'],
  ...['AuthenticationFailed', 'TlsConnectionError'],
  ...['P1000', 'P1001', 'P1010', 'P1011', 'P2037', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'],
]);
const NOT_CONNECTED_MESSAGES =
  /^(timeout exceeded when trying to connect|Connection terminated due to connection timeout|.*SASL: |.*connect E[A-Z]+ |.*Unable to start a transaction in the given time)/s;
/** The same, and SQLSTATEs: the database cannot be used now, though there was a connection. */
const UNAVAILABLE = new Set<unknown>([
  ...['ConnectionClosed', 'SocketTimeout', 'P1002', 'P1008', 'P1017', 'P1018', 'P2024', 'P2028'],
  ...['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROTO'],
  '0A000', // a prepared statement whose columns have changed
  ...['TransactionWriteConflict', 'P2034', '40001', '40P01'], // a deadlock or a serialization failure
  '25006', // read-only, such as a standby after a failover
  ...['53100', '53200', '53300'], // out of disk, memory, connections
  ...['55P03', '57014'], // lock_timeout, statement_timeout
  ...['58000', '58030'], // a failed system call or disk
  ...['25P02', '25P03', '25P04'], // a transaction that has failed or timed out
]);
/** SQLSTATEs of a connection that ended, and of a server that shuts down or starts. */
const CONNECTION_ENDED = /^(08...|57P0.)$/;
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after|Client was closed)/;

/** DATABASE_UNAVAILABLE where the error, or an error that it wraps, means that; else undefined. */
export function databaseUnavailable(error: unknown): DomainError | undefined {
  return layersOf(error).some(isUnavailable) ? unavailable(error) : undefined;
}

/** @param cause absent before the database is migrated */
export const unavailable = (cause?: unknown) =>
  new DomainError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'the database does not answer; try again', { cause });

/** Whether the answer to a statement was lost, so that the statement may have been carried out. */
export function answerLost(error: unknown): boolean {
  if (error instanceof DomainError || !databaseUnavailable(error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return CONNECTION_ENDED.test(state);
  return !layersOf(error).some(isNotConnected);
}

/** The SQLSTATE of a failed statement, also of one that the error wraps. */
export function sqlState(error: unknown): string | undefined {
  const codes = layersOf(error).flatMap(({ originalCode, code }) => [originalCode, code]);
  return codes.find((code): code is string => typeof code === 'string' && /^[0-9A-OQ-Z][0-9A-Z]{4}$/.test(code));
}

type Layer = Partial<Record<'code' | 'originalCode' | 'kind' | 'message' | 'cause', unknown>> & {
  constraint?: { index?: unknown };
  meta?: { modelName?: unknown; driverAdapterError?: unknown };
};

/** The error and the errors that it wraps: of Prisma, adapter-pg and pg. */
export function layersOf(error: unknown): Layer[] {
  const layers: Layer[] = [];
  let layer = error as Layer | undefined;
  while (layer && typeof layer === 'object' && !layers.includes(layer)) {
    layers.push(layer);
    layer = (layer.cause ?? layer.meta?.driverAdapterError) as Layer | undefined;
  }
  return layers;
}

const isNotConnected = ({ kind, code, originalCode, message }: Layer): boolean =>
  [kind, code, originalCode].some((value) => NOT_CONNECTED.has(value)) || NOT_CONNECTED_MESSAGES.test(String(message));

function isUnavailable(layer: Layer): boolean {
  const { kind, code, originalCode, message } = layer;
  const isKnown = (value: unknown) => UNAVAILABLE.has(value) || CONNECTION_ENDED.test(String(value));
  return isNotConnected(layer) || [kind, code, originalCode].some(isKnown) || LOST_MESSAGES.test(String(message));
}

/** A database error by its codes and names, without the values in its message; undefined for another error. */
export function describeDatabaseError(error: Error): string | undefined {
  const isPrismas = error.name.startsWith('PrismaClient') && error.name !== 'PrismaClientValidationError';
  if (!isPrismas && error.name !== 'DriverAdapterError' && !('severity' in error)) return undefined;
  const { code, meta } = error as Layer;
  const { kind, originalCode, constraint } = layersOf(error).find((layer) => layer.kind !== undefined) ?? {};
  const facts = { code, model: meta?.modelName, kind, sqlState: originalCode, constraint: constraint?.index };
  const known = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  return `database error: ${known.map(([name, fact]) => `${name} ${fact}`).join(', ')}`;
}
