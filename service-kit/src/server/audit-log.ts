import type { Call } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';
import type { Logger } from '../log/logger.js';

/** Not OVERLOADED, which says nothing about the caller. */
const EVENTS: Readonly<Record<string, 'denied' | 'throttled'>> = {
  CREDENTIALS_MISSING: 'denied',
  CREDENTIALS_INVALID: 'denied',
  SCOPE_MISSING: 'denied',
  RATE_LIMITED: 'throttled',
};
const UUID = /^[0-9a-f-]{36}$/i;

/**
 * One line for each denied or throttled call, for each call that may change something and succeeds, and for each one whose
 * change may still happen. Of what a caller sent it contains only checked names and ids.
 */
export class AuditLog {
  constructor(private readonly logger: Logger) {}

  failed({ method, requestId, identity: { kind, name }, address }: Call, error: unknown): void {
    if (!(error instanceof DomainError)) return;
    const { reason: outcome, cause, details } = error;
    const who = { kind, name };
    if (details.pending !== undefined) {
      this.logger.info({ audit: 'pending', who, address, method, id: details.pending, outcome, requestId }, 'pending');
    }
    const audit = EVENTS[outcome];
    if (!audit) return;
    // jose's code of the failed check, such as ERR_JWT_EXPIRED
    const why = /^ERR_[A-Z0-9_]+$/.exec(String((cause as { code?: unknown } | undefined)?.code))?.[0];
    this.logger.warn({ audit, who, address, method, outcome, why, requestId }, audit);
  }

  /** A method changes something when its scope ends with `:write`. */
  answered({ method, requestId, identity: { kind, name }, scope }: Call, request: unknown, response: unknown): void {
    if (!scope?.endsWith(':write')) return;
    const ids = Object.entries({ ...(request as object), ...(response as object) }).filter(
      ([, value]) => typeof value === 'string' && UUID.test(value),
    );
    const id = Object.fromEntries(ids).id ?? ids.at(-1)?.[1];
    this.logger.info({ audit: 'changed', who: { kind, name }, method, id, outcome: 'OK', requestId }, 'changed');
  }
}
