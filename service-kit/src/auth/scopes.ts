import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { type DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import { currentCall } from '../call/call.js';
import type { IncomingCall } from '../call/incoming-call.js';
import { DomainError } from '../errors/domain-error.js';

/** The scope that a token needs for a method: `@Scopes('books:read')`. */
export const Scopes = Reflector.createDecorator<string>();

/** Refuses callers whose token lacks the method's scope. Callers without a token pass: peers, and all where AUTH is off. */
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws DomainError SCOPE_MISSING */
  canActivate(context: ExecutionContext): boolean {
    const scope = this.reflector.getAllAndOverride(Scopes, [context.getHandler(), context.getClass()]);
    if (scope === undefined) throw new Error(`${context.getClass().name} has a method without @Scopes`);
    const call = currentCall() as IncomingCall | undefined;
    if (call?.identity.scopes && !call.identity.scopes.has(scope)) {
      throw new DomainError('PERMISSION_DENIED', 'SCOPE_MISSING', `the credentials lack the scope ${scope}`, {
        metadata: { scope },
      });
    }
    if (call) call.scope = scope;
    return true;
  }
}

class Example {
  @GrpcMethod()
  method() {}
}
/** The metadata that @GrpcMethod leaves on a method, beside what the compiler does. */
const GRPC_METHOD_KEYS = Reflect.getMetadataKeys(Example.prototype.method).filter(
  (key: unknown) => !String(key).startsWith('design:'),
);

/** @throws Error that names each gRPC method of a controller without @Scopes */
export function requireScopes(discovery: DiscoveryService, reflector: Reflector): void {
  const scanner = new MetadataScanner();
  const missing = discovery.getControllers().flatMap(({ metatype }) => {
    const prototype = metatype?.prototype as Record<string, () => unknown>;
    return scanner
      .getAllMethodNames(prototype)
      .filter((name) => {
        const method = prototype[name] as () => unknown;
        const isGrpc = GRPC_METHOD_KEYS.some((key) => Reflect.hasMetadata(key, method));
        return isGrpc && reflector.getAllAndOverride(Scopes, [method, metatype as () => unknown]) === undefined;
      })
      .map((name) => `${metatype?.name}.${name}`);
  });
  if (missing.length > 0) throw new Error(`@Scopes is missing on ${missing.join(', ')}`);
}
