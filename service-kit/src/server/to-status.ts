import { BadRequest, ErrorInfo, ResourceInfo, RetryInfo, Status } from '@bookstore/proto';
import { Metadata, status } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { CallEnded } from '../call/call.js';
import { databaseUnavailable } from '../database/database-errors.js';
import { DomainError } from '../errors/domain-error.js';

/** `ErrorInfo.domain` of every error of the bookstore. */
export const ERROR_DOMAIN = 'bookstore';

/** A status as grpc-js sends it. */
export interface CallStatus {
  readonly code: status;
  /** The message. */
  readonly details: string;
  readonly metadata: Metadata;
}

const DETAILS_KEY = 'grpc-status-details-bin';

/**
 * The status that answers an error: a DomainError and an RpcException have their own, a database that does not answer is
 * UNAVAILABLE, and everything else is a bug, of which the caller learns nothing.
 *
 * @see https://google.aip.dev/193
 */
export function toStatus(error: unknown): CallStatus {
  // As grpc's own: nobody may be left to read details.
  if (error instanceof CallEnded) return { code: error.code, details: error.message, metadata: new Metadata() };
  if (error instanceof RpcException) return statusOfRpcException(error);
  return statusOf(domainErrorOf(error) ?? internalError(error));
}

/** The error as a DomainError, which it is or, of a database that does not answer, means; else undefined. */
export const domainErrorOf = (error: unknown): DomainError | undefined =>
  error instanceof DomainError ? error : databaseUnavailable(error);

/** Whether the error has no status of its own. */
export const isBug = (error: unknown): boolean => !(error instanceof RpcException || domainErrorOf(error));

/** The error of a bug: one fixed message, and the cause for the log. */
export const internalError = (cause: unknown) => new DomainError('INTERNAL', 'INTERNAL', 'internal error', { cause });

/** As Nest documents it: `new RpcException({ code, message })`, or no more than a message. */
function statusOfRpcException(exception: RpcException): CallStatus {
  const error = exception.getError();
  if (typeof error === 'string') return { code: status.UNKNOWN, details: error, metadata: new Metadata() };
  const { code, message, details, metadata } = error as {
    code?: unknown;
    message?: unknown;
    details?: unknown;
    metadata?: unknown;
  };
  return {
    code: typeof code === 'number' && status[code] !== undefined ? code : status.UNKNOWN,
    details: String(details ?? message ?? exception.message),
    metadata: metadata instanceof Metadata ? metadata : new Metadata(),
  };
}

function statusOf({
  code,
  reason,
  message,
  details: { metadata: facts, resource, violations, retryAfterMs },
}: DomainError) {
  const details = [any('ErrorInfo', ErrorInfo, { reason, domain: ERROR_DOMAIN, metadata: { ...facts } })];
  if (violations) {
    const fieldViolations = violations.map((violation) => ({ ...violation, reason: '', localizedMessage: undefined }));
    details.push(any('BadRequest', BadRequest, { fieldViolations }));
  }
  if (resource) {
    const { type: resourceType, name: resourceName } = resource;
    details.push(any('ResourceInfo', ResourceInfo, { resourceType, resourceName, owner: '', description: message }));
  }
  const metadata = new Metadata();
  if (retryAfterMs !== undefined) {
    const ms = Math.ceil(retryAfterMs);
    const retryDelay = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
    details.push(any('RetryInfo', RetryInfo, { retryDelay }));
    // gRFC A6: a client with a retry policy waits as long.
    metadata.set('grpc-retry-pushback-ms', String(ms));
  }
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

function any<T>(name: string, type: { encode(message: T): { finish(): Uint8Array } }, message: T) {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(type.encode(message).finish()) };
}

/** The google.rpc details that a client finds in a failed call. */
export interface ReceivedDetails {
  readonly info?: ErrorInfo;
  readonly badRequest?: BadRequest;
  readonly resource?: ResourceInfo;
  readonly retry?: RetryInfo;
}

/** Reads the google.rpc details of a failed call; empty when it has none. */
export function errorDetails(error: { readonly metadata?: Metadata }): ReceivedDetails {
  const [value] = error.metadata?.get(DETAILS_KEY) ?? [];
  if (!(value instanceof Uint8Array)) return {};
  const found = new Map(Status.decode(value).details.map((detail) => [detail.typeUrl.split('.').at(-1), detail.value]));
  const read = <T>(name: string, type: { decode(bytes: Uint8Array): T }): T | undefined => {
    const bytes = found.get(name);
    return bytes && type.decode(bytes);
  };
  const details = {
    info: read('ErrorInfo', ErrorInfo),
    badRequest: read('BadRequest', BadRequest),
    resource: read('ResourceInfo', ResourceInfo),
    retry: read('RetryInfo', RetryInfo),
  };
  return Object.fromEntries(Object.entries(details).filter(([, detail]) => detail));
}
