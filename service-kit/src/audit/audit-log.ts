import type { MethodScopes } from '../auth/authorize.js';
import type { Call } from '../call/call.js';
import type { ExplainedError } from '../errors/call-error.js';
import type { Reason } from '../errors/reasons.js';
import type { Logger } from '../log/logger.js';
import type { Arrival } from '../server/admission.js';

/** Not OVERLOADED: it says nothing of the caller, and a line for each refusal would cost what the refusal saves. */
const EVENTS: Partial<Record<Reason, 'denied' | 'throttled'>> = {
  CREDENTIALS_MISSING: 'denied',
  CREDENTIALS_INVALID: 'denied',
  SCOPE_MISSING: 'denied',
  RATE_LIMITED: 'throttled',
};
const UUID = /^[0-9a-f-]{36}$/i;

/**
 * One line for each call that is refused at the door and for each change: who, what, which resource, how it went, and
 * the request id. Nothing in it is a caller's own text but what has been checked to be a name or an id.
 */
export class AuditLog {
  readonly #changes: ReadonlySet<string>;

  constructor(
    private readonly logger: Logger,
    scopes: MethodScopes,
  ) {
    const writes = Object.entries(scopes).filter(([, scope]) => scope.endsWith(':write'));
    this.#changes = new Set(writes.map(([method]) => method));
  }

  /** A call that a gate refused. */
  refused({ method, requestId, identity, address }: Arrival, { reason, cause }: ExplainedError): void {
    const event = EVENTS[reason];
    if (!event) return;
    const who = { kind: identity.kind, name: identity.name };
    this.logger.warn({ audit: event, who, address, method, outcome: reason, why: codeOf(cause), requestId }, event);
  }

  /** Whether a success of the method is told of: whether it changes anything is known by its scope. */
  tellsOf(method: string): boolean {
    return this.#changes.has(method);
  }

  /** A call whose handler has succeeded. */
  answered(call: Call, request: unknown, response: unknown): void {
    const { method, identity } = call;
    if (!this.tellsOf(method)) return;
    const who = { kind: identity.kind, name: identity.name };
    const id = resourceId(request, response);
    this.logger.info({ audit: 'changed', who, method, id, outcome: 'OK', requestId: call.requestId }, 'changed');
  }
}

/** What has been made says its id in the answer, what has been changed said it in the request. */
function resourceId(request: unknown, response: unknown): string | undefined {
  const { id: made } = (response ?? {}) as { id?: unknown };
  const { id: named, authorId } = (request ?? {}) as { id?: unknown; authorId?: unknown };
  return [made, named, authorId].find((value): value is string => typeof value === 'string' && UUID.test(value));
}

/** Such as ERR_JWT_EXPIRED: which check failed, in jose's own constant words. */
function codeOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^ERR_[A-Z0-9_]+$/.test(code) ? code : undefined;
}
