import { status as Code } from '@grpc/grpc-js';
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { currentCall } from '../call/call.js';
import { layersOf } from '../database/database-errors.js';
import type { Logger } from '../log/logger.js';
import type { RepeatedFailures } from '../log/repeated-failures.js';
import type { AuditLog } from './audit-log.js';
import { domainErrorOf, isBug, toStatus } from './to-status.js';

/** Turns every error that no other filter caught into a gRPC status. The log gets its cause, the caller does not. */
@Catch()
export class StatusExceptionFilter implements RpcExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
    private readonly failures: RepeatedFailures,
  ) {}

  catch(error: unknown): Observable<never> {
    const status = toStatus(error);
    if (isBug(error)) this.logger.error({ err: error }, 'a call failed with an unexpected error');
    else if (status.code === Code.UNAVAILABLE) logUnavailable(this.failures, error);
    const call = currentCall();
    if (call) this.audit.refused(call, error);
    return throwError(() => status);
  }
}

/** Logs why calls are UNAVAILABLE: once, since every call fails while the database or a peer is away. */
export function logUnavailable(failures: RepeatedFailures, error: unknown): void {
  const { code, kind, message } = [...layersOf(error)].at(-1) ?? {};
  const reason = domainErrorOf(error)?.reason ?? 'UNAVAILABLE';
  failures.add(`calls fail with ${reason}`, { err: error }, String(kind ?? code ?? message));
}
