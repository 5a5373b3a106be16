import type { ServiceDefinition as GrpcService } from '@grpc/grpc-js';
import type { INestApplicationContext, Type } from '@nestjs/common';
import type { KitSettings, SettingsSchema } from '../settings/kit-settings.js';

/** The gRPC services of one port by their full names. */
export type Endpoint = Readonly<Record<string, GrpcService>>;

/** What the kit needs to start a service. */
export interface ServiceDefinition {
  /** Such as author-service. */
  readonly name: string;
  /** The kit's settings and the service's own. */
  readonly settings: SettingsSchema<KitSettings>;
  /** The folder of its Prisma migrations. Calls are refused until the database has them all. */
  readonly migrations: URL;
  readonly public: Endpoint;
  /** For peer services only. */
  readonly internal: Endpoint;
  /** The controllers and providers. */
  readonly module: Type;
  /** Runs the statements of the repositories without a change. Prisma compiles a statement when it first runs it, slowly. */
  readonly warmUp?: (app: INestApplicationContext) => Promise<unknown>;
}
