import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { type DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { currentCall } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';

/** The scope that a token needs for a method: `@Scopes('books:read')`. */
export const Scopes = Reflector.createDecorator<string>();

/** Refuses callers whose token lacks the method's scope. Callers without a token pass: peers, and all with AUTH=off. */
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws DomainError SCOPE_MISSING */
  canActivate(context: ExecutionContext): boolean {
    const scope = this.reflector.getAllAndOverride(Scopes, [context.getHandler(), context.getClass()]);
    if (scope === undefined) throw new Error(`@Scopes is missing on a method of ${context.getClass().name}`);
    const call = currentCall();
    if (call?.identity.scopes && !call.identity.scopes.has(scope)) {
      throw new DomainError('PERMISSION_DENIED', 'SCOPE_MISSING', `the credentials lack the scope ${scope}`, {
        metadata: { scope },
      });
    }
    if (call) call.scope = scope;
    return true;
  }
}

/** @throws Error that names each decorated method of a controller without @Scopes */
export function requireScopes(discovery: DiscoveryService, reflector: Reflector): void {
  const scanner = new MetadataScanner();
  const missing = discovery.getControllers().flatMap(({ metatype }) => {
    const controller = metatype as new () => Record<string, () => unknown>;
    return scanner
      .getAllMethodNames(controller.prototype)
      .filter((name) => {
        const method = controller.prototype[name] as () => unknown;
        const isHandler = Reflect.getMetadataKeys(method).length > 0;
        return isHandler && reflector.getAllAndOverride(Scopes, [method, controller]) === undefined;
      })
      .map((name) => `${controller.name}.${name}`);
  });
  if (missing.length > 0) throw new Error(`@Scopes is missing on ${missing.join(', ')}`);
}
