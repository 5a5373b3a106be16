export { healthOf } from '../health.js';
export { startThrowAwayPostgres } from '../postgres/throw-away-postgres.js';
export { type CallSettings, type PromiseClient, promiseClient } from '../promise-client.js';
export { errorDetails, type Failure, failureOf } from './failure-of.js';
export { grpcFrame, grpcHeaders, type Http2Answer, http2Call } from './http2-call.js';
export { type Peer, type ReceivedCall, refuse, silence, startPeer } from './peer.js';
export { rawCall } from './raw-call.js';
export { Reflection } from './reflection.js';
export {
  createServiceDatabase,
  createTestDatabase,
  prepareTemplate,
  type ServiceDatabase,
} from './service-database.js';
export { BUSY_MACHINE, startTestService, testEnvironment } from './start-test-service.js';
export { type ChunkFault, startDatabaseProxy, startTcpProxy, type TcpProxy } from './tcp-proxy.js';
export { brokenAuthorizations, NOT_ASCII, TEST_AUDIENCE, TEST_ISSUER, TestIssuer } from './token-kinds.js';
export { WorkTreeCopy } from './work-tree-copy.js';
