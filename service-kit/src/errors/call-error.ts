import { type Reason, statusOfReason } from './reasons.js';

/** A field of the request and what is wrong with it (google.rpc.BadRequest.FieldViolation). */
export interface FieldViolation {
  /** Name as in the .proto: snake_case. */
  readonly field: string;
  readonly description: string;
}

/**
 * What an error says of itself to be answered with a status of its own. A domain error needs no more than to look like
 * this; its message is shown to the caller.
 */
export interface ExplainedError extends Error {
  readonly reason: Reason;
  /** Further facts for programs, as `ErrorInfo.metadata`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What was not found or exists already, as `ResourceInfo`. */
  readonly resource?: { readonly type: string; readonly name: string };
  readonly violations?: readonly FieldViolation[];
  /** When a retry may succeed, as `RetryInfo`, ms. */
  readonly retryAfterMs?: number;
}

/** Whether an error may be shown to a caller as it is. */
export function isExplained(error: unknown): error is ExplainedError {
  return error instanceof Error && 'reason' in error && Object.hasOwn(statusOfReason, error.reason as string);
}

/** An explained error of the kit's own or of an edge: a limit, a credential, a peer that does not answer. */
export class CallError extends Error implements ExplainedError {
  override name = 'CallError';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfterMs?: number;

  constructor(
    readonly reason: Reason,
    message: string,
    more: Pick<ExplainedError, 'metadata' | 'violations' | 'retryAfterMs'> & { cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    if (more.metadata) this.metadata = more.metadata;
    if (more.violations) this.violations = more.violations;
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs;
  }
}
