import { BadRequest, ErrorInfo, ResourceInfo, RetryInfo, Status } from '@bookstore/proto';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { CallEnded } from '../call/call.js';
import { databaseUnavailable } from '../database/database-errors.js';
import { DomainError } from '../errors/domain-error.js';

/** `ErrorInfo.domain` of every error of the bookstore. */
export const ERROR_DOMAIN = 'bookstore';

/**
 * The status of an error: a DomainError and an RpcException have their own, a database that does not answer is
 * UNAVAILABLE, and everything else is a bug, INTERNAL with a fixed message.
 *
 * @see https://google.aip.dev/193
 */
export function toStatus(error: unknown): StatusObject {
  // As grpc's own: the caller may have gone.
  if (error instanceof CallEnded) return { code: error.code, details: error.message, metadata: new Metadata() };
  if (error instanceof RpcException) return statusOfRpcException(error);
  return statusOf(domainErrorOf(error) ?? internalError(error));
}

/** A DomainError, or DATABASE_UNAVAILABLE for an error of the database that means that; else undefined. */
export const domainErrorOf = (error: unknown): DomainError | undefined =>
  error instanceof DomainError ? error : databaseUnavailable(error);

/** Whether the error has no status of its own. */
export const isBug = (error: unknown): boolean => !(error instanceof RpcException || domainErrorOf(error));

export const internalError = (cause: unknown) => new DomainError('INTERNAL', 'INTERNAL', 'internal error', { cause });

/** As Nest documents it: `new RpcException({ code, message })`, or only a message. */
function statusOfRpcException(exception: RpcException): StatusObject {
  const given = exception.getError();
  const { code, message, details, metadata } = (typeof given === 'string' ? { message: given } : given) as {
    [field: string]: unknown;
  };
  return {
    code: typeof code === 'number' && status[code] !== undefined ? code : status.UNKNOWN,
    details: String(details ?? message ?? exception.message),
    metadata: metadata instanceof Metadata ? metadata : new Metadata(),
  };
}

function statusOf({ code, reason, message, details }: DomainError): StatusObject {
  const { metadata: facts, resource, violations, retryAfterMs } = details;
  const found = [any('ErrorInfo', ErrorInfo, { reason, domain: ERROR_DOMAIN, metadata: { ...facts } })];
  if (violations) {
    const fieldViolations = violations.map((violation) => ({ ...violation, reason: '', localizedMessage: undefined }));
    found.push(any('BadRequest', BadRequest, { fieldViolations }));
  }
  if (resource) {
    const { type: resourceType, name: resourceName } = resource;
    found.push(any('ResourceInfo', ResourceInfo, { resourceType, resourceName, owner: '', description: message }));
  }
  const metadata = new Metadata();
  if (retryAfterMs !== undefined) {
    const ms = Math.ceil(retryAfterMs);
    const retryDelay = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
    found.push(any('RetryInfo', RetryInfo, { retryDelay }));
    // gRFC A6: a client with a retry policy waits for this time.
    metadata.set('grpc-retry-pushback-ms', String(ms));
  }
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details: found }).finish()));
  return { code, details: message, metadata };
}

function any<T>(name: string, type: { encode(message: T): { finish(): Uint8Array } }, message: T) {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(type.encode(message).finish()) };
}
