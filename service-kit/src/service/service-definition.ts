import type { ServiceDefinition as GrpcService } from '@grpc/grpc-js';
import type { INestApplicationContext, Type } from '@nestjs/common';
import type { kitSettings } from '../settings/kit-settings.js';
import type { SettingTable } from '../settings/setting.js';

/** The services of one port: full names and methods. */
export type Endpoint = Readonly<Record<string, GrpcService>>;

/** All that the kit has to know of a service. */
export interface ServiceDefinition {
  /** Such as author-service: in each log line, and towards the database. */
  readonly name: string;
  /** The kit's settings and the service's own. */
  readonly settings: SettingTable & typeof kitSettings;
  /** The folder of its Prisma migrations. No call is worked on before the database has them all. */
  readonly migrations: URL;
  readonly public: Endpoint;
  /** For peer services. */
  readonly internal: Endpoint;
  /** The wiring: controllers and providers. */
  readonly module: Type;
  /**
   * Runs statements of each kind, and changes nothing, before the first call is taken: Prisma compiles a statement when it
   * first meets it, which takes a cold process tenths of a second.
   */
  readonly warmUp?: (app: INestApplicationContext) => Promise<unknown>;
}
