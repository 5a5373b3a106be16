import { ErrorInfo, RetryInfo, Status } from '@bookstore/proto';
import { type ServiceError, status } from '@grpc/grpc-js';

/** What a failed call says, as far as it says it. */
export interface Failure {
  readonly code: status;
  /** ErrorInfo.reason, such as EMAIL_TAKEN; absent when the answer is not the bookstore's own. */
  readonly reason: string | undefined;
  /** How long to wait before the next try, from RetryInfo. */
  readonly retryAfterMs: number | undefined;
  /** Code, reason and message in one line, for people. */
  readonly text: string;
}

/** Reads a gRPC error with its `google.rpc` details; anything else that was thrown is thrown on. */
export function failureOf(error: unknown): Failure {
  if (!isServiceError(error)) throw error;
  const { reason, retryAfterMs } = detailsOf(error);
  const name = reason === undefined ? status[error.code] : `${status[error.code]}, ${reason}`;
  return { code: error.code, reason, retryAfterMs, text: oneLine(`${name}: ${error.details}`) };
}

/** What another process wrote may neither break the line nor steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

function detailsOf(error: ServiceError): Pick<Failure, 'reason' | 'retryAfterMs'> {
  let reason: string | undefined;
  let retryAfterMs: number | undefined;
  const [encoded] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(encoded)) return { reason, retryAfterMs };
  try {
    for (const { typeUrl, value } of Status.decode(encoded).details) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) reason = ErrorInfo.decode(value).reason;
      if (typeUrl.endsWith('/google.rpc.RetryInfo')) {
        const { seconds, nanos } = RetryInfo.decode(value).retryDelay ?? { seconds: 0, nanos: 0 };
        retryAfterMs = seconds * 1_000 + nanos / 1_000_000;
      }
    }
  } catch {
    // Unreadable details are no details: the code alone decides.
  }
  return { reason, retryAfterMs };
}
