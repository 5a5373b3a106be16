import { status } from '@grpc/grpc-js';

/** `ErrorInfo.domain` of every error of the bookstore. */
export const ERROR_DOMAIN = 'bookstore';

/** Which status answers which situation: the one table that turns domain errors into gRPC. */
export const statusOfReason = {
  INVALID_FIELD: status.INVALID_ARGUMENT,
  MALFORMED_MESSAGE: status.INVALID_ARGUMENT,
  AUTHOR_NOT_FOUND: status.NOT_FOUND,
  BOOK_NOT_FOUND: status.NOT_FOUND,
  EMAIL_TAKEN: status.ALREADY_EXISTS,
  REQUEST_ID_REUSED: status.ALREADY_EXISTS,
  AUTHOR_HAS_BOOKS: status.FAILED_PRECONDITION,
  CREDENTIALS_MISSING: status.UNAUTHENTICATED,
  CREDENTIALS_INVALID: status.UNAUTHENTICATED,
  KEYS_UNAVAILABLE: status.UNAVAILABLE,
  SCOPE_MISSING: status.PERMISSION_DENIED,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  DELETE_PENDING: status.UNAVAILABLE,
  AUTHOR_SERVICE_UNAVAILABLE: status.UNAVAILABLE,
  BOOK_SERVICE_UNAVAILABLE: status.UNAVAILABLE,
  DATABASE_UNAVAILABLE: status.UNAVAILABLE,
  CALL_ENDED: status.CANCELLED,
  DEADLINE_PASSED: status.DEADLINE_EXCEEDED,
  INTERNAL: status.INTERNAL,
} as const satisfies Record<string, status>;

export type Reason = keyof typeof statusOfReason;
