import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import type { DiscoveryService } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';

/** A controller's method, called as it is. */
export type Handler = (request: unknown, metadata: unknown, call: unknown) => unknown;

/** What `@GrpcMethod('AuthorService')` on a method getAuthor notes of it. */
interface Pattern {
  readonly service: string;
  readonly rpc: string;
}

const ENHANCERS = [GUARDS_METADATA, PIPES_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA];

/**
 * The methods that `@GrpcMethod` names, by service and rpc, such as AuthorService/GetAuthor. They are called as they
 * are: Nest's own way to them, through its pipes, guards, interceptors and observables, allocates 4.9 of the 36 KB that a
 * read by key takes (20 of them are the transport's). What those would do is done by the gates and by the controller itself.
 *
 * @throws Error for a method with any of those, or of a controller made for each request: they would be passed over
 */
export function controllerHandlers(discovery: DiscoveryService): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const wrapper of discovery.getControllers()) {
    const controller = wrapper.instance as Record<string, Handler>;
    const type = (controller as object).constructor;
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      const method = name === 'constructor' ? undefined : controller[name];
      const patterns: readonly Pattern[] = (method && Reflect.getMetadata(PATTERN_METADATA, method)) ?? [];
      if (!method || patterns.length === 0) continue;
      if (!wrapper.isDependencyTreeStatic() || isEnhanced(type, name, method)) {
        throw new Error(
          `${type.name}.${name} must be called as it is: without scope, enhancers or decorated parameters`,
        );
      }
      for (const { service, rpc } of patterns) handlers.set(`${service}/${rpc}`, method.bind(controller));
    }
  }
  return handlers;
}

const isEnhanced = (type: object, name: string, method: Handler): boolean =>
  Reflect.hasMetadata(ROUTE_ARGS_METADATA, type, name) ||
  ENHANCERS.some((key) => Reflect.hasMetadata(key, type) || Reflect.hasMetadata(key, method));
