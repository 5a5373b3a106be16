import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { ServiceDefinition } from './service-definition.js';

/** Injected: the settings of the service that runs. */
export const SETTINGS = Symbol('settings');
/** Injected: what the service's PrismaClient is made of. */
export const PRISMA_OPTIONS = Symbol('prisma options');
/** Injected: the service's logger. */
export const LOGGER = Symbol('logger');

/** What the kit hands to a service's own module. */
@Module({})
export class KitModule {
  static around(module: ServiceDefinition['module'], values: ReadonlyMap<symbol, unknown>): DynamicModule {
    const providers = [...values].map(([provide, useValue]) => ({ provide, useValue }));
    return { module: KitModule, global: true, imports: [DiscoveryModule, module], providers, exports: providers };
  }
}
