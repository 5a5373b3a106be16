import { CallError } from '../errors/call-error.js';
import type { Gate } from '../server/admission.js';
import type { Endpoint } from '../service/service-definition.js';

/** The scope that each method needs, by full method name. */
export type MethodScopes = Readonly<Record<string, string>>;

/**
 * Lets a caller pass whose token has the method's scope. What the table does not name is refused, unless it is open to
 * whoever is authenticated.
 */
export function authorize(scopes: MethodScopes, openToAuthenticated: (method: string) => boolean): Gate {
  const table = new Map(Object.entries(scopes));
  return ({ method, identity }) => {
    const scope = table.get(method);
    if (scope === undefined ? openToAuthenticated(method) : identity.scopes?.has(scope)) return;
    throw new CallError('SCOPE_MISSING', `the credentials lack the scope ${scope ?? 'for this method'}`, {
      metadata: scope === undefined ? {} : { scope },
    });
  };
}

/** @throws Error that names each served method without a scope: it would be refused, or worse, forgotten */
export function checkScopes(endpoints: readonly Endpoint[], scopes: MethodScopes): void {
  const paths = endpoints.flatMap((endpoint) => Object.values(endpoint).flatMap((service) => Object.values(service)));
  const missing = paths.map(({ path }) => path).filter((path) => !Object.hasOwn(scopes, path));
  if (missing.length > 0) throw new Error(`no scope is set for ${[...new Set(missing)].join(', ')}`);
}
