import { BadRequest, ErrorInfo, ResourceInfo, RetryInfo, Status } from '@bookstore/proto';
import { Metadata, status } from '@grpc/grpc-js';
import { databaseUnavailable } from '../database/database-errors.js';
import { CallError, type ExplainedError, isExplained } from './call-error.js';
import { ERROR_DOMAIN, statusOfReason } from './reasons.js';

/** A status as grpc-js sends it: code, message, trailers. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const DETAILS_KEY = 'grpc-status-details-bin';

/**
 * The error as a caller may know it. What does not explain itself is a bug: the caller learns no more than that.
 *
 * @see https://google.aip.dev/193
 */
export function explain(error: unknown): ExplainedError {
  if (isExplained(error)) return error;
  return databaseUnavailable(error) ?? new CallError('INTERNAL', 'internal error', { cause: error });
}

/** The status and google.rpc details that answer this error. */
export function toStatus(error: ExplainedError): CallStatus {
  const code = statusOfReason[error.reason];
  const details = [
    any('ErrorInfo', ErrorInfo, { reason: error.reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata } }),
  ];
  if (error.violations) {
    const fieldViolations = error.violations.map((violation) => ({
      ...violation,
      reason: '',
      localizedMessage: undefined,
    }));
    details.push(any('BadRequest', BadRequest, { fieldViolations }));
  }
  if (error.resource) {
    const { type, name } = error.resource;
    details.push(
      any('ResourceInfo', ResourceInfo, {
        resourceType: type,
        resourceName: name,
        owner: '',
        description: error.message,
      }),
    );
  }
  const metadata = new Metadata();
  if (error.retryAfterMs !== undefined) {
    const ms = Math.ceil(error.retryAfterMs);
    details.push(
      any('RetryInfo', RetryInfo, { retryDelay: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 } }),
    );
    // gRFC A6: a client with a retry policy waits as long, too.
    metadata.set('grpc-retry-pushback-ms', String(ms));
  }
  const value = Status.encode({ code, message: error.message, details }).finish();
  metadata.set(DETAILS_KEY, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  return { code, details: error.message, metadata };
}

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

function any<T>(name: string, type: Encoder<T>, message: T) {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(type.encode(message).finish()) };
}

/** What a client finds in a failed call: the google.rpc details that came with the status. */
export interface ErrorDetails {
  readonly info?: ErrorInfo;
  readonly badRequest?: BadRequest;
  readonly resource?: ResourceInfo;
  readonly retry?: RetryInfo;
}

/** Reads the google.rpc details of a failed call; empty when it has none. */
export function errorDetails(error: { readonly metadata?: Metadata }): ErrorDetails {
  const [value] = error.metadata?.get(DETAILS_KEY) ?? [];
  if (!(value instanceof Uint8Array)) return {};
  const found: { -readonly [K in keyof ErrorDetails]: ErrorDetails[K] } = {};
  for (const detail of Status.decode(value).details) {
    if (detail.typeUrl.endsWith('.ErrorInfo')) found.info = ErrorInfo.decode(detail.value);
    else if (detail.typeUrl.endsWith('.BadRequest')) found.badRequest = BadRequest.decode(detail.value);
    else if (detail.typeUrl.endsWith('.ResourceInfo')) found.resource = ResourceInfo.decode(detail.value);
    else if (detail.typeUrl.endsWith('.RetryInfo')) found.retry = RetryInfo.decode(detail.value);
  }
  return found;
}
