export { Scopes } from './auth/scopes.js';
export { CallEnded, currentCall, runForNoCall, throwIfEnded } from './call/call.js';
export { callPeer, type UnaryMethod } from './client/call-peer.js';
export { channelOptions } from './client/channel-options.js';
export { type PeerClient, peerClient } from './client/peer-client.js';
export type { PrismaOptions } from './database/database.js';
export { answerLost } from './database/database-errors.js';
export { SharedRead } from './database/shared-read.js';
export { DomainError } from './errors/domain-error.js';
export { CRASHED, failPoint } from './fail-points/fail-point.js';
export type { Logger } from './log/logger.js';
export { RepeatedFailures } from './log/repeated-failures.js';
export { type AllFields, type Change, type Given, type RequestFields, toMessage } from './messages/messages.js';
export { collectPage } from './pagination/collect-page.js';
export { pageFields } from './pagination/page-fields.js';
export { encodePageToken } from './pagination/page-token.js';
export { LIVENESS } from './server/readiness.js';
export { ERROR_DOMAIN, errorDetails } from './server/to-status.js';
export { LOGGER, PRISMA_OPTIONS, SETTINGS } from './service/kit.module.js';
export { runService } from './service/run-service.js';
export type { ServiceDefinition } from './service/service-definition.js';
export { type RunningService, startService } from './service/start-service.js';
export { kitSettings } from './settings/kit-settings.js';
export {
  integer,
  readSettings,
  type Setting,
  type Settings,
  SettingsError,
  type SettingTable,
  setting,
  text,
} from './settings/setting.js';
export * from './validation/fields.js';
export { parse } from './validation/parse.js';
export { requestHash } from './validation/request-hash.js';
export { type Validated, ZodValidationPipe } from './validation/zod-validation.pipe.js';
