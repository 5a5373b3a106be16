import { BadRequest, ErrorInfo, ResourceInfo, RetryInfo, Status } from '@bookstore/proto';
import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** A failed call, as a client finds it. */
export interface Failure {
  /** Such as INVALID_ARGUMENT. */
  readonly code: string;
  readonly message: string;
  /** From ErrorInfo. */
  readonly reason?: string;
  readonly domain?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** From BadRequest: what is wrong, by field. */
  readonly fields?: Readonly<Record<string, string>>;
  /** From ResourceInfo. */
  readonly resource?: { readonly type: string; readonly name: string };
  /** From RetryInfo. */
  readonly retryAfterMs?: number;
  /** The caller is told the request id, by which the log has the story. */
  readonly requestId?: string;
}

/**
 * The failure of a call that must fail.
 *
 * @throws Error when the call succeeds
 */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    (answer) => Promise.reject(new Error(`the call succeeded: ${JSON.stringify(answer)}`)),
    (failed: ServiceError) => failed,
  );
  if (!(error.metadata !== undefined && error.code in status)) throw error;
  const { info, badRequest, resource, retry } = errorDetails(error);
  const delay = retry?.retryDelay;
  return {
    code: status[error.code],
    message: error.details,
    ...(info && { reason: info.reason, domain: info.domain, metadata: info.metadata }),
    ...(badRequest && {
      fields: Object.fromEntries(badRequest.fieldViolations.map(({ field, description }) => [field, description])),
    }),
    ...(resource && { resource: { type: resource.resourceType, name: resource.resourceName } }),
    ...(delay && { retryAfterMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6 }),
    ...(error.metadata.get('x-request-id').length > 0 && { requestId: String(error.metadata.get('x-request-id')[0]) }),
  };
}

/** The google.rpc details that a client finds in a failed call; empty without any. */
export function errorDetails(error: { readonly metadata?: Metadata }) {
  const [value] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const details = value instanceof Uint8Array ? Status.decode(value).details : [];
  const read = <T>(name: string, type: { decode(bytes: Uint8Array): T }) => {
    const detail = details.find(({ typeUrl }) => typeUrl.endsWith(`.${name}`));
    return detail && type.decode(detail.value);
  };
  return {
    info: read('ErrorInfo', ErrorInfo),
    badRequest: read('BadRequest', BadRequest),
    resource: read('ResourceInfo', ResourceInfo),
    retry: read('RetryInfo', RetryInfo),
  };
}
