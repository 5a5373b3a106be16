import type { ServiceDefinition as GrpcService } from '@grpc/grpc-js';
import type { Type } from '@nestjs/common';
import type { MethodScopes } from '../auth/authorize.js';
import type { kitSettings } from '../settings/kit-settings.js';
import type { SettingTable } from '../settings/setting.js';

/** What is served on one of a service's two ports: full service names and their methods. */
export type Endpoint = Readonly<Record<string, GrpcService>>;

/** All that the kit has to know of a service to start, answer, fail and stop it. */
export interface ServiceDefinition {
  /** Such as author-service: in each log line, and towards the database. */
  readonly name: string;
  /** The kit's settings and the service's own. */
  readonly settings: SettingTable & typeof kitSettings;
  /** The folder of the service's Prisma migrations; until the database has them all, no call is worked on. */
  readonly migrations: URL;
  /** For anybody. */
  readonly public: Endpoint;
  /** For the other service alone. */
  readonly internal: Endpoint;
  /** What a caller needs for each method of both; a method without a scope stops the start. */
  readonly scopes: MethodScopes;
  /** The wiring: controllers and providers. */
  readonly module: Type;
}
