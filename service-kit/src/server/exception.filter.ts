import { status as Code } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { currentCall } from '../call/call.js';
import type { IncomingCall } from '../call/incoming-call.js';
import type { Logger } from '../log/logger.js';
import type { AuditLog } from './audit-log.js';
import { domainErrorOf, isBug, toStatus } from './to-status.js';

/** The least time between two lines of the same reason, ms: whoever is away fails every call. */
const QUIET_MS = 1000;

/** Every error that no other filter has caught becomes a gRPC status. The log gets its cause, the caller does not. */
@Catch()
export class StatusExceptionFilter implements RpcExceptionFilter {
  readonly #loggedAt = new Map<string, number>();

  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
  ) {}

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    const status = toStatus(error);
    if (isBug(error)) this.logger.error({ err: error }, 'a call failed with an unexpected error');
    else if (status.code === Code.UNAVAILABLE) this.#logUnavailable(error);
    const call = currentCall();
    if (call) this.audit.refused(call as IncomingCall, error);
    return throwError(() => status);
  }

  #logUnavailable(error: unknown): void {
    const reason = domainErrorOf(error)?.reason ?? 'UNAVAILABLE';
    const now = Date.now();
    if (now - (this.#loggedAt.get(reason) ?? 0) < QUIET_MS) return;
    this.#loggedAt.set(reason, now);
    this.logger.warn({ err: error }, `calls fail with ${reason}`);
  }
}
