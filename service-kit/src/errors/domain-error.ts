import { status } from '@grpc/grpc-js';

/** A bad field of a request (google.rpc.BadRequest.FieldViolation). */
export interface FieldViolation {
  /** Its name in the .proto: snake_case. */
  readonly field: string;
  readonly description: string;
}

/** The google.rpc details of an error beside its reason (AIP-193). */
export interface ErrorDetails {
  /** `ErrorInfo.metadata`: facts for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** `ResourceInfo`: what was not found or exists already. */
  readonly resource?: { readonly type: string; readonly name: string };
  readonly violations?: readonly FieldViolation[];
  /** `RetryInfo`: the time after which a retry may succeed, ms. */
  readonly retryAfterMs?: number;
  /** For the log only: the id of what may still change by this call. */
  readonly pending?: string;
  /** For the log only. */
  readonly cause?: unknown;
}

/** An error with a gRPC status. The caller gets its message, reason and details. */
export class DomainError extends Error {
  readonly code: status;

  /** @param reason `ErrorInfo.reason`, such as AUTHOR_NOT_FOUND */
  constructor(
    code: keyof typeof status,
    readonly reason: string,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = status[code];
  }
}
