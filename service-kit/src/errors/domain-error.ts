import { status } from '@grpc/grpc-js';

/** A field of the request and what is wrong with it (google.rpc.BadRequest.FieldViolation). */
export interface FieldViolation {
  /** Name as in the .proto: snake_case. */
  readonly field: string;
  readonly description: string;
}

/** The google.rpc details of an error beside its reason (AIP-193). */
export interface ErrorDetails {
  /** Further facts for programs: `ErrorInfo.metadata`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What was not found or exists already: `ResourceInfo`. */
  readonly resource?: { readonly type: string; readonly name: string };
  readonly violations?: readonly FieldViolation[];
  /** The time after which a retry may succeed, ms: `RetryInfo`. */
  readonly retryAfterMs?: number;
  /** For the log; the caller does not see it. */
  readonly cause?: unknown;
}

/** An error with a gRPC status of its own. The caller sees its message, its reason and its details. */
export class DomainError extends Error {
  readonly code: status;
  readonly details: ErrorDetails;

  /** @param reason `ErrorInfo.reason`, such as AUTHOR_NOT_FOUND */
  constructor(
    code: keyof typeof status,
    readonly reason: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = status[code];
    this.details = details;
  }
}
