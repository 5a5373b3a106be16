import { type DynamicModule, Module, type Type, type ValueProvider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule, Reflector } from '@nestjs/core';
import { ScopesGuard } from '../auth/scopes.js';
import type { StatusExceptionFilter } from '../server/exception.filter.js';

/** Injects the settings of the service. */
export const SETTINGS = Symbol('settings');
/** Injects the options of the service's PrismaClient. */
export const PRISMA_OPTIONS = Symbol('prisma options');
/** Injects the service's logger. */
export const LOGGER = Symbol('logger');

/** Adds the kit's providers, its guard for scopes and its exception filter to a service's module. */
@Module({})
export class KitModule {
  static around(module: Type, providers: ValueProvider[], filter: StatusExceptionFilter): DynamicModule {
    return {
      module: KitModule,
      global: true,
      imports: [DiscoveryModule, module],
      providers: [
        ...providers,
        { provide: APP_GUARD, useFactory: (reflector: Reflector) => new ScopesGuard(reflector), inject: [Reflector] },
        { provide: APP_FILTER, useValue: filter },
      ],
      exports: providers,
    };
  }
}
