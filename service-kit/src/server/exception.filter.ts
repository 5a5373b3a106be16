import { status as Code } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { currentCall } from '../call/call.js';
import type { IncomingCall } from '../call/incoming-call.js';
import type { Logger } from '../log/logger.js';
import type { RepeatedFailures } from '../log/repeated-failures.js';
import type { AuditLog } from './audit-log.js';
import { domainErrorOf, isBug, toStatus } from './to-status.js';

/** The line of calls that are UNAVAILABLE: whoever is away fails every one. */
export const callsFailWith = (error: unknown): string =>
  `calls fail with ${domainErrorOf(error)?.reason ?? 'UNAVAILABLE'}`;

/** Every error that no other filter has caught becomes a gRPC status. The log gets its cause, the caller does not. */
@Catch()
export class StatusExceptionFilter implements RpcExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
    private readonly failures: RepeatedFailures,
  ) {}

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    const status = toStatus(error);
    if (isBug(error)) this.logger.error({ err: error }, 'a call failed with an unexpected error');
    else if (status.code === Code.UNAVAILABLE) this.failures.add(callsFailWith(error), { err: error });
    const call = currentCall();
    if (call) this.audit.refused(call as IncomingCall, error);
    return throwError(() => status);
  }
}
