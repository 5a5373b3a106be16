import type { IncomingCall } from '../call/incoming-call.js';
import { DomainError } from '../errors/domain-error.js';
import type { Logger } from '../log/logger.js';

/** Not OVERLOADED: it says nothing of the caller, and a line for each refusal would cost what the refusal saves. */
const EVENTS: Readonly<Record<string, 'denied' | 'throttled'>> = {
  CREDENTIALS_MISSING: 'denied',
  CREDENTIALS_INVALID: 'denied',
  SCOPE_MISSING: 'denied',
  RATE_LIMITED: 'throttled',
};
const UUID = /^[0-9a-f-]{36}$/i;

/**
 * One line for each refused call and for each change: caller, method, resource, outcome and request id. Of what a caller sent
 * it has only what was checked to be a name or an id.
 */
export class AuditLog {
  constructor(private readonly logger: Logger) {}

  /** A call that was refused. */
  refused({ method, requestId, identity, address }: IncomingCall, error: unknown): void {
    if (!(error instanceof DomainError)) return;
    const event = EVENTS[error.reason];
    if (!event) return;
    const who = { kind: identity.kind, name: identity.name };
    const fields = { audit: event, who, address, method, outcome: error.reason, why: codeOf(error.cause), requestId };
    this.logger.warn(fields, event);
  }

  /** A call that was answered; a change is known by its scope. */
  answered({ method, requestId, identity, scope }: IncomingCall, request: unknown, response: unknown): void {
    if (!scope?.endsWith(':write')) return;
    const who = { kind: identity.kind, name: identity.name };
    const ids = { ...idsOf(request), ...idsOf(response) };
    const id = ids.id ?? Object.values(ids).at(-1);
    this.logger.info({ audit: 'changed', who, method, id, outcome: 'OK', requestId }, 'changed');
  }
}

/** The fields of a message that are UUIDs. */
const idsOf = (message: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message ?? {}).filter(([, value]) => typeof value === 'string' && UUID.test(value)),
  );

/** The failed check, in jose's constant words, such as ERR_JWT_EXPIRED. */
function codeOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^ERR_[A-Z0-9_]+$/.test(code) ? code : undefined;
}
