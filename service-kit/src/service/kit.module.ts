import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule, Reflector } from '@nestjs/core';
import { ScopesGuard } from '../auth/scopes.js';
import type { PrismaOptions } from '../database/database.js';
import type { Logger } from '../log/logger.js';
import type { RepeatedFailures } from '../log/repeated-failures.js';
import type { AuditLog } from '../server/audit-log.js';
import { StatusExceptionFilter } from '../server/exception.filter.js';
import type { KitSettings } from '../settings/kit-settings.js';
import type { ServiceDefinition } from './service-definition.js';

/** Injected: the settings of the service that runs. */
export const SETTINGS = Symbol('settings');
/** Injected: the options of the service's PrismaClient. */
export const PRISMA_OPTIONS = Symbol('prisma options');
/** Injected: the service's logger. */
export const LOGGER = Symbol('logger');

/** What the kit gives to a service's module: its providers, the guard of scopes and the filter of errors. */
@Module({})
export class KitModule {
  static around(
    module: ServiceDefinition['module'],
    settings: KitSettings,
    logger: Logger,
    prismaOptions: PrismaOptions,
    audit: AuditLog,
    failures: RepeatedFailures,
  ): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: LOGGER, useValue: logger },
      { provide: PRISMA_OPTIONS, useValue: prismaOptions },
    ];
    return {
      module: KitModule,
      global: true,
      imports: [DiscoveryModule, module],
      providers: [
        ...providers,
        { provide: APP_GUARD, useFactory: (reflector: Reflector) => new ScopesGuard(reflector), inject: [Reflector] },
        { provide: APP_FILTER, useValue: new StatusExceptionFilter(logger, audit, failures) },
      ],
      exports: providers,
    };
  }
}
