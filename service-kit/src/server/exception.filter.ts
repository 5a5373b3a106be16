import { type ArgumentsHost, Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { currentCall } from '../call/call.js';
import type { IncomingCall } from '../call/incoming-call.js';
import type { Logger } from '../log/logger.js';
import type { AuditLog } from './audit-log.js';
import { isBug, toStatus } from './to-status.js';

/** Every error that no other filter has caught becomes a gRPC status. The log gets the cause of a bug, the caller does not. */
@Catch()
export class StatusExceptionFilter implements RpcExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
  ) {}

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    const status = toStatus(error);
    if (isBug(error)) this.logger.error({ err: error }, 'a call failed with an unexpected error');
    const call = currentCall();
    if (call) this.audit.refused(call as IncomingCall, error);
    return throwError(() => status);
  }
}
