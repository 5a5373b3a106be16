import { status } from '@grpc/grpc-js';
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { type Call, currentCall } from '../call/call.js';
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
    this.log(error, currentCall());
    return throwError(() => toStatus(error));
  }

  /** Logs why a call fails. While the database or a peer is away, every call does: that is logged once. */
  log(error: unknown, call: Call | undefined): void {
    if (isBug(error)) this.logger.error({ err: error }, 'a call failed with an unexpected error');
    const known = domainErrorOf(error);
    // Without a cause readiness has logged it: the database is not migrated yet.
    if (known?.code === status.UNAVAILABLE && known.cause) {
      const { code, kind, message } = layersOf(error).at(-1) ?? {};
      this.failures.add(`calls fail with ${known.reason}`, { err: error }, String(kind ?? code ?? message));
    }
    if (call) this.audit.failed(call, error);
  }
}
